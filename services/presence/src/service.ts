/** The parts list of the presence service, in the order of the data path. */
import type { AccountStore } from "@rollcall/accounts";
import { type Bus, type Consumer, done, type Outcome } from "@rollcall/bus";
import { channels, type PresenceCommand, type PresenceFanOut } from "@rollcall/contracts";
import type { Preparation } from "@rollcall/ownership";
import { presenceTypeOf } from "@rollcall/rfc6121";
import type { Clock, Service } from "@rollcall/runtime";
import { carrySpan, type Logger, noTracer, type Tracer } from "@rollcall/telemetry";
import type { BareJid } from "@rollcall/xmpp";
import { Debts } from "./cluster/debts.ts";
import { KnownSessions } from "./cluster/known-sessions.ts";
import { openCluster } from "./cluster/open-cluster.ts";
import type { PresenceCluster } from "./cluster/presence-cluster.ts";
import type { PresenceSettings } from "./config.ts";
import { PresenceCounters } from "./counters.ts";
import { AccountGate } from "./delivery/account-gate.ts";
import { DeliverStanzaHandler } from "./delivery/deliver-stanza.ts";
import type { OfflineStore } from "./delivery/offline-store.ts";
import { SendBack } from "./delivery/send-back.ts";
import { SenderStandings } from "./delivery/sender-standing.ts";
import { OfflineMessages } from "./delivery/store-offline.ts";
import { type Cause, conclude } from "./fan-out/cause.ts";
import { Outbox } from "./fan-out/outbox.ts";
import { OwnerPost } from "./fan-out/owner-post.ts";
import { PerformPlan } from "./fan-out/perform-plan.ts";
import { ResolveRecipients } from "./fan-out/resolve-recipients.ts";
import { AnswerAdmin } from "./handlers/answer-admin.ts";
import { AnswerProbe } from "./handlers/answer-probe.ts";
import { ApplyAccountEffects } from "./handlers/apply-account-effects.ts";
import { BecomeAvailable } from "./handlers/become-available.ts";
import { BecomeUnavailable } from "./handlers/become-unavailable.ts";
import { BindResourceHandler } from "./handlers/bind-resource.ts";
import { DirectPresence } from "./handlers/direct-presence.ts";
import { EndSession } from "./handlers/end-session.ts";
import { UpdatePresence } from "./handlers/update-presence.ts";
import { LocalDomains } from "./local-domains.ts";
import { BusRosterViews } from "./roster-view/bus-roster-view.ts";
import { RosterKeeper } from "./roster-view/roster-keeper.ts";
import { EndedBefore } from "./sessions/ended-before.ts";
import { JidPool } from "./sessions/jid-pool.ts";
import { LastUnavailablePresence } from "./sessions/last-unavailable.ts";
import { type Session, SessionRegistry } from "./sessions/session-registry.ts";
import { SharedTexts } from "./sessions/shared-texts.ts";

export interface PresenceServiceDeps {
  readonly settings: PresenceSettings;
  readonly bus: Bus;
  readonly accounts: AccountStore;
  readonly offlineStore: OfflineStore;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Traces node deaths and take-overs. Default: nothing is traced. */
  readonly tracer?: Tracer | undefined;
  /** Name of this process on the bus, with its incarnation. */
  readonly instanceId: string;
  /** Where partitions and nodes come and go; without it this process has everything. */
  readonly cluster?: PresenceCluster | undefined;
  /** Runs the outbox once what runs now is over. Default: a microtask, right for a bus in the same process. */
  readonly schedule?: ((flush: () => void) => void) | undefined;
  /** Waits before something is tried again. Default: a timer. */
  readonly sleep?: ((ms: number) => Promise<void>) | undefined;
  /** Milliseconds of a clock that nobody sets. Default: that of the process. */
  readonly monotonic?: (() => number) | undefined;
}

export interface PresenceService extends Service {
  readonly counters: PresenceCounters;
  /** To be told of partitions before they are served, and after they were lost. */
  readonly partitions: Preparation;
}

/** Sessions, presence and delivery of the accounts that this process owns. */
export function createPresenceService(deps: PresenceServiceDeps): PresenceService {
  const { settings, bus, accounts, offlineStore, clock, instanceId, cluster } = deps;
  const logger = deps.logger.with({ service: "presence" });
  const sleep = deps.sleep ?? sleepByTimer;
  const now = (): number => clock.now();
  const counters = new PresenceCounters();
  const domains = new LocalDomains(settings.domains);

  // Who is here, and what their rosters say.
  const outbox = new Outbox({
    bus,
    schedule: deps.schedule ?? queueMicrotask,
    sleep,
    logger,
    counters,
  });
  const registry = new SessionRegistry(outbox, counters);
  const texts = new SharedTexts();
  const lastUnavailable = new LastUnavailablePresence(settings["presence.last_unavailable_kept"]);
  const views = new BusRosterViews({ bus, counters });
  const rosters = new RosterKeeper({
    views,
    pool: new JidPool(),
    isLocal: (jid) => domains.isAccount(jid),
    sleep,
    logger,
    counters,
    timeoutMs: settings["presence.roster_timeout_ms"],
    now: deps.monotonic ?? (() => performance.now()),
  });

  // What goes out.
  const post = new OwnerPost({ bus, sleep, logger, counters, instanceId });
  const gate = new AccountGate(settings["presence.held_per_account"]);
  const offline = new OfflineMessages({
    accounts,
    offlineStore,
    domains,
    logger,
    counters,
    instanceId,
    enabled: settings["offline.messages_per_account"] > 0,
  });
  const sendBack = new SendBack({ registry, gate, post, domains, counters, now });
  const plans = new PerformPlan({ post, gate, offline, domains, counters });

  // What comes in for accounts here.
  const standings = new SenderStandings({ views, domains, logger });
  const probes = new AnswerProbe({
    standings,
    lastUnavailable,
    registry,
    post,
    sendBack,
    domains,
    counters,
    now,
    unauthorised: settings["presence.unauthorised_probe"],
  });
  const recipients = new ResolveRecipients({ registry, gate, probes, counters });
  const delivery = new DeliverStanzaHandler({
    registry,
    gate,
    standings,
    offline,
    probes,
    sendBack,
    lastUnavailable,
    counters,
    now,
  });

  // What sessions and rosters here do.
  const updatePresence = new UpdatePresence({ registry, plans, texts });
  const becomeAvailable = new BecomeAvailable({ rosters, updatePresence });
  const becomeUnavailable = new BecomeUnavailable({
    registry,
    rosters,
    plans,
    lastUnavailable,
    texts,
    logger,
  });
  const endSession = new EndSession({
    registry,
    rosters,
    becomeUnavailable,
    counters,
    mayRepeat: cluster !== undefined,
  });
  const directPresence = new DirectPresence({
    post,
    domains,
    counters,
    limit: settings["presence.directed_per_session"],
  });

  // What comes and goes beside this process.
  const debts = new Debts({ sleep, logger, perSecond: settings["presence.node_death_rate"] });
  const { partitions, nodePresence, stop } = openCluster({
    cluster,
    bus,
    sleep,
    logger,
    tracer: deps.tracer ?? noTracer,
    counters,
    instanceId,
    debts,
    registry,
    outbox,
    texts,
    rosters,
    post,
    lastUnavailable,
    domains,
    endSession,
    now,
  });
  const knownSessions = new KnownSessions(registry);

  const endedBefore = new EndedBefore();
  const bindResource = new BindResourceHandler({
    endedBefore,
    accounts,
    registry,
    endSession,
    counters,
    onConflict: settings["presence.resource_conflict"],
    resourcesPerAccount: settings["presence.resources_per_account"],
    nodes: nodePresence,
  });
  const effects = new ApplyAccountEffects({
    registry,
    rosters,
    post,
    endSession,
    offline,
    gate,
    lastUnavailable,
    domains,
    counters,
  });
  const admin = new AnswerAdmin({ registry, accounts, endSession, lastUnavailable, now });

  async function handleCommand(
    account: BareJid,
    command: PresenceCommand,
    cause: Cause | undefined,
  ): Promise<Outcome> {
    const owed = debts.settle(account);
    if (owed === undefined) return performCommand(account, command, cause);
    const perform = carrySpan(performCommand);
    await owed;
    return perform(account, command, cause);
  }

  async function performCommand(
    account: BareJid,
    command: PresenceCommand,
    cause: Cause | undefined,
  ): Promise<Outcome> {
    if (command.kind === "account-effects") {
      await effects.handle(account, command, cause);
      return done;
    }
    const session = registry.findSession(account, command.session);
    if (session === undefined) {
      // Ended already, by itself or by a newer one: nothing that it still sends has an effect. Its client must not believe
      // that it has, where the node missed the end.
      if (command.kind === "end-session") endedBefore.add(command.session);
      else outbox.node(command.session.node).close(command.session.session, "reset", "the session has ended");
      return done;
    }
    switch (command.kind) {
      case "broadcast-presence":
        await broadcast(session, command, cause);
        return done;
      case "direct-presence":
        await directPresence.handle(session, command.stanza, command.at, cause);
        return done;
      case "end-session":
        await endSession.end(session, command.at);
        return done;
    }
  }

  function broadcast(
    session: Session,
    { stanza, at }: Extract<PresenceCommand, { kind: "broadcast-presence" }>,
    cause: Cause | undefined,
  ): Promise<void> | undefined {
    switch (presenceTypeOf(stanza.type)) {
      case "available": {
        const { roster } = session.account;
        if (session.inPresenceSession && roster !== undefined) {
          return updatePresence.handle(session, roster, stanza, at, cause);
        }
        return becomeAvailable.handle(session, stanza, at, cause);
      }
      case "unavailable":
        return becomeUnavailable.handle(session, stanza, at, true, cause);
      default:
        counters.misrouted++;
        return undefined;
    }
  }

  let consumers: Consumer[] = [];
  return {
    name: "presence",
    counters,
    partitions,
    async start() {
      consumers = [
        bus.answer(channels.bind, {}, (account, question) =>
          bindResource.handle(account as BareJid, question),
        ),
        bus.answer(channels.knownSessions, {}, (_, question) => knownSessions.answer(question)),
        bus.consume(channels.presenceCommands, {}, (account, command, meta) =>
          conclude(meta, undefined, (cause) => handleCommand(account as BareJid, command, cause)),
        ),
        bus.consume(
          channels.deliver,
          {},
          (account, message, meta) =>
            delivery.mustWait(account as BareJid) ??
            conclude(meta, message.repetitionId, (cause) =>
              delivery.handle(account as BareJid, message, cause),
            ),
        ),
        bus.consumeMulticast(channels.fanOut, {}, (keys, message, meta) =>
          conclude(meta, repetitionIdOf(message), (cause) => recipients.handle(keys, message, cause)),
        ),
        bus.answer(channels.presenceAdmin, {}, (account, question) =>
          admin.handle(account as BareJid, question),
        ),
      ];
    },
    notReady: () => (consumers.length === 0 ? ["presence has not started"] : []),
    async drain(budgetMs) {
      const quiet = (async () => {
        await Promise.all(consumers.map((consumer) => consumer.drain()));
        await gate.idle();
        await outbox.drained();
      })();
      let timer: NodeJS.Timeout | undefined;
      const budget = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, budgetMs);
      });
      await Promise.race([quiet, budget]);
      clearTimeout(timer);
    },
    async stop() {
      stop();
      consumers = [];
    },
  };
}

function repetitionIdOf(message: PresenceFanOut): string | undefined {
  return message.kind === "presence" ? message.repetitionId : undefined;
}

function sleepByTimer(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
