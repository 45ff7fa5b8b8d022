import type { AccountStore } from "@rollcall/accounts";
import type { Bus, Consumer } from "@rollcall/bus";
import type { ManifestSession } from "@rollcall/ownership";
import { type Clock, type ListenAddress, randomId, type Service, systemClock } from "@rollcall/runtime";
import { type Counts, type Logger, noTracer, type Tracer } from "@rollcall/telemetry";
import { prepareDomain } from "@rollcall/xmpp";
import type { ConnectionCluster } from "./cluster/connection-cluster.ts";
import { OpenCluster } from "./cluster/open-cluster.ts";
import type { ConnectionSettings } from "./config.ts";
import { OutputTurn } from "./downlink/output-turn.ts";
import { receiveDeliveries } from "./downlink/receive-deliveries.ts";
import { DeliveryWriter, type DownlinkCounters } from "./downlink/write-stanza.ts";
import { AddressLimits } from "./listener/address-limits.ts";
import { type CertificateFacts, certificateFacts } from "./listener/certificate-facts.ts";
import { type ListenerCounters, TcpListener } from "./listener/tcp-listener.ts";
import { TlsContext } from "./listener/tls-context.ts";
import { EndSessions } from "./sessions/end-sessions.ts";
import { LocalSessions } from "./sessions/local-sessions.ts";
import { Authenticator } from "./stream/authenticate.ts";
import { ResourceBinder } from "./stream/bind-resource.ts";
import { boundDerivation } from "./stream/bounded-derivation.ts";
import { ClientStream } from "./stream/client-stream.ts";
import { closeInTurn } from "./stream/close-in-turn.ts";
import { decoySecret } from "./stream/decoy-secret.ts";
import { LoginCounters } from "./stream/login-counters.ts";
import { OpenStreams } from "./stream/open-streams.ts";
import type { StreamCounters, StreamEnvironment } from "./stream/stream-environment.ts";
import type { ServerFacts } from "./uplink/answer-server.ts";
import { Uplink } from "./uplink/publish-stanza.ts";
import type { UplinkCounters } from "./uplink/uplink-counters.ts";
import { createXmppLog, type XmppLog } from "./xmpp-log/xmpp-log.ts";

export interface ConnectionServiceOptions {
  readonly settings: ConnectionSettings;
  readonly bus: Bus;
  readonly accounts: AccountStore;
  readonly logger: Logger;
  /** Where traces of stanzas and logins begin. Default: nothing is traced. */
  readonly tracer?: Tracer | undefined;
  /** Name of this node with its incarnation, as in `createInstanceId`; owners send deliveries to it. */
  readonly nodeId: string;
  readonly clock?: Clock | undefined;
  /** What the server calls itself (XEP-0092). */
  readonly version?: string | undefined;
  /** Where owners are other processes; without it they are here and never change. */
  readonly cluster?: ConnectionCluster | undefined;
  /** How often silence, deadlines and rates are looked at. Default 1,000 ms; tests with their own clock want less. */
  readonly sweepMs?: number | undefined;
}

/** Where clients find the service; known after `start`. */
export interface ConnectionAddresses {
  readonly c2s?: ListenAddress | undefined;
  readonly c2sTls?: ListenAddress | undefined;
}

export interface ConnectionService extends Service {
  addresses(): ConnectionAddresses;
  /** Numbers of the service as they are now. */
  counters(): ConnectionCounters;
  /** How many there are. */
  sessionCount(): number;
  /** The certificate that clients are shown; `undefined` before `start`. */
  certificate(): CertificateFacts | undefined;
  /** The sessions of a partition that owe unavailable presence to somebody, for the manifest. Empty without a cluster. */
  manifestSessions(partition: number): readonly ManifestSession[];
}

export interface ConnectionCounters
  extends ListenerCounters,
    StreamCounters,
    Pick<LoginCounters, "loginAttempts" | "loginSeconds">,
    UplinkCounters,
    DownlinkCounters {
  readonly connections: number;
  /** By domain and transport. */
  readonly sessions: Counts;
  readonly loginsUnderWay: number;
  /** Seconds since the epoch. */
  readonly certificateExpiry: number;
  readonly endsUnconfirmed: number;
  readonly xmppLogWritten: number;
  readonly xmppLogDropped: number;
  readonly sweeps: number;
}

const SWEEP_MS = 1_000;
const MINUTE_MS = 60_000;
const CERTIFICATE_LOOK_MS = 30_000;
/** Of the time for draining, what may pass until every client has been told. */
const CLOSING_SHARE = 0.5;
/** Of the time for draining, what is kept for telling owners about the sessions that ended. */
const ANNOUNCING_SHARE = 0.3;

/** Holds client connections: streams in, stanzas to their owners, deliveries out. */
export function createConnectionService(options: ConnectionServiceOptions): ConnectionService {
  const { settings, bus, accounts, logger, nodeId, clock = systemClock, sweepMs = SWEEP_MS } = options;
  const { tracer = noTracer } = options;
  const domains = canonicalDomains(settings.domains);

  // Accept.
  const addresses = new AddressLimits({
    connections: settings["limits.connections"],
    connectionsPerAddress: settings["limits.connections_per_address"],
    attemptsPerAddress: settings["limits.attempts_per_address"],
    failuresPerAddress: settings["auth.failures_per_address"],
    unauthenticated: settings["limits.unauthenticated"],
  });
  const listenerCounters: ListenerCounters = { connectionsAccepted: 0, connectionsTurnedAway: 0 };
  const tls = new TlsContext({
    certFile: settings["tls.cert"],
    keyFile: settings["tls.key"],
    dataDirectory: settings["data.dir"],
    domains,
    logger,
  });

  // Stanza to bus, and bus to socket.
  const sessions = new LocalSessions(nodeId, domains);
  const cluster =
    options.cluster && new OpenCluster({ cluster: options.cluster, bus, clock, logger, nodeId, sessions });
  const endSessions = new EndSessions({
    bus,
    clock,
    logger,
    waitingLimit: settings["limits.connections"],
    onOver: cluster && ((session) => cluster.reportable.remove(session)),
  });
  const facts: ServerFacts = {
    software: { name: "Rollcall", version: options.version ?? "0" },
    startedAt: clock.now(),
  };
  const uplink = new Uplink({
    bus,
    clock,
    logger,
    tracer,
    domains,
    facts,
    reportable: cluster?.reportable,
    absence: cluster?.absence,
  });
  const writer = new DeliveryWriter({
    bus,
    clock,
    logger,
    tracer,
    sessions,
    nodeId,
    owners: options.cluster?.owners,
  });
  const output = new OutputTurn();
  const streams = new OpenStreams();
  const streamCounters: StreamCounters = {
    streamsOpened: 0,
    streamsClosed: 0,
    streamErrors: 0,
    streamFaults: 0,
    logins: 0,
    authenticationFailures: 0,
    tlsHandshakes: 0,
    clientsNotReading: 0,
    clientsTimedOut: 0,
  };
  const logins = new LoginCounters();
  let deliveries: Consumer | undefined;
  let listeners: TcpListener[] = [];
  let bound: ConnectionAddresses = {};
  let sweeping: NodeJS.Timeout | undefined;
  let started = false;
  let sweeps = 0;
  let xmppLog: XmppLog | undefined;

  async function createEnvironment(): Promise<StreamEnvironment> {
    const authenticator = new Authenticator({
      accounts,
      logger,
      plain: settings["auth.plain"],
      channelBinding: settings["auth.channel_binding"],
      iterations: settings["auth.scram_iterations"],
      decoySecret: await decoySecret(settings["auth.decoy_secret"], settings["data.dir"]),
      derive: boundDerivation(settings["auth.concurrent_hashes"], settings["auth.waiting_hashes"]),
    });
    const shape = { maxDepth: settings["limits.depth"], maxAttributes: settings["limits.attributes"] };
    return {
      limits: {
        loginMs: settings["limits.login_seconds"] * 1_000,
        closeMs: settings["limits.close_seconds"] * 1_000,
        idleMs: settings["limits.idle_seconds"] * 1_000,
        pingMs: settings["limits.ping_seconds"] * 1_000,
        outputBytes: settings["limits.output_bytes"],
        bytesPerSecond: settings["limits.bytes_per_second"],
        beforeLogin: { ...shape, maxStanzaBytes: settings["limits.login_stanza_bytes"] },
        afterLogin: { ...shape, maxStanzaBytes: settings["limits.stanza_bytes"] },
      },
      policy: {
        domains,
        tlsRequired: settings["tls.required"],
        withheldMechanisms: authenticator.withheld,
        saslRetries: settings["auth.retries"],
        bindRetries: settings["auth.bind_retries"],
        lang: "en",
      },
      clock,
      logger,
      tracer,
      addresses,
      tls,
      authenticator,
      binder: new ResourceBinder({ bus, clock, logger, timeoutMs: settings["limits.bind_ms"] }),
      sessions,
      endSessions,
      reportable: cluster?.reportable,
      uplink,
      xmppLog,
      output,
      counters: streamCounters,
      logins,
      streams,
      newStreamId: randomId,
      now: clock.now(),
    };
  }

  async function listen(environment: StreamEnvironment): Promise<void> {
    const open = async (address: ListenAddress | undefined, directTls: boolean) => {
      if (address === undefined) return undefined;
      const listener = new TcpListener({
        listen: address,
        addresses,
        logger,
        counters: listenerCounters,
        accept: (socket, from) => void new ClientStream(environment, socket, from, directTls),
      });
      const actual = await listener.open();
      listeners.push(listener);
      logger.info({ event: "listener.open", host: actual.host, port: actual.port, tls: directTls });
      return actual;
    };
    bound = {
      c2s: await open(settings["listen.c2s"], false),
      c2sTls: await open(settings["listen.c2s_tls"], true),
    };
  }

  function sweepRegularly(environment: StreamEnvironment): void {
    let minuteEnds = environment.now + MINUTE_MS;
    let nextLook = environment.now + CERTIFICATE_LOOK_MS;
    sweeping = setInterval(() => {
      const now = clock.now();
      sweeps++;
      environment.now = now;
      cluster?.absence.look();
      for (const stream of streams) stream.sweep(now);
      endSessions.retry();
      xmppLog?.sweep(now);
      if (now >= minuteEnds) {
        minuteEnds = now + MINUTE_MS;
        addresses.newMinute();
      }
      if (now >= nextLook) {
        nextLook = now + CERTIFICATE_LOOK_MS;
        void tls.reload();
      }
    }, sweepMs);
  }

  return {
    name: "connection",

    async start() {
      await tls.load(clock.now());
      xmppLog = createXmppLog({ settings, clock, logger });
      await xmppLog?.start();
      const environment = await createEnvironment();
      if (!settings["tls.required"]) logger.warn({ event: "tls.not-required" });
      cluster?.start();
      deliveries = receiveDeliveries(bus, nodeId, writer, cluster?.absence);
      sweepRegularly(environment);
      await listen(environment);
      started = true;
    },

    notReady: () => (started ? [] : ["the listeners are not open"]),

    /** Tells every client in its turn, takes the stanzas that are on their way, and announces the end of every session. */
    async drain(budgetMs) {
      started = false;
      for (const listener of listeners) listener.close();
      const until = performance.now() + budgetMs;
      await closeInTurn(
        streams,
        {
          perSecond: settings["drain.sessions_per_second"],
          withinMs: budgetMs * CLOSING_SHARE,
          sleep: pause,
        },
        (stream) => stream.shutDown(settings["drain.see_other_host"]),
      );
      output.flush();
      const announcingMs = budgetMs * ANNOUNCING_SHARE;
      await streams.empty(Math.max(0, until - performance.now() - announcingMs));
      for (const stream of streams) stream.destroy();
      await Promise.race([settle(), pause(announcingMs)]);
      await cluster?.leave(endSessions.unconfirmed === 0);

      async function settle(): Promise<void> {
        await streams.empty(announcingMs);
        await endSessions.settled();
        await deliveries?.drain();
      }
    },

    async stop() {
      started = false;
      clearInterval(sweeping);
      for (const listener of listeners) listener.close();
      listeners = [];
      for (const stream of streams) stream.destroy();
      await xmppLog?.stop();
      await cluster?.stop();
    },

    addresses: () => bound,

    certificate: () => tls.certificate && certificateFacts(tls.certificate, domains),

    sessionCount: () => sessions.size,

    manifestSessions: (partition) => cluster?.manifestSessions(partition) ?? [],

    counters: () => ({
      ...listenerCounters,
      ...streamCounters,
      ...logins,
      ...uplink.counters,
      ...writer.counters,
      connections: addresses.connections,
      sessions: sessions.counts,
      loginsUnderWay: addresses.unauthenticated,
      certificateExpiry: tls.expiresAt / 1_000,
      endsUnconfirmed: endSessions.unconfirmed,
      xmppLogWritten: xmppLog?.counters.written ?? 0,
      xmppLogDropped: xmppLog?.counters.dropped ?? 0,
      sweeps,
    }),
  };
}

function canonicalDomains(configured: readonly string[]): readonly string[] {
  return configured.map((domain) => {
    const canonical = prepareDomain(domain);
    if (canonical === undefined) throw new Error(`domains: ${domain} is not a domain`);
    return canonical;
  });
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
