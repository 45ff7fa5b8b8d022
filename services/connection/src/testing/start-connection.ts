/** The service on free ports of the loopback, with a bus whose owners do what the test says. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { type Account, type AccountStore, createMemoryAccountStore } from "@rollcall/accounts";
import { type Bus, createMemoryBus, done, type Outcome } from "@rollcall/bus";
import {
  type BindAnswer,
  type BindResource,
  channels,
  type DeliverStanza,
  type NodeDelivery,
  type PresenceCommand,
  type RosterCommand,
} from "@rollcall/contracts";
import { type LogFields, type Logger, silentLogger } from "@rollcall/telemetry";
import { type BareJid, deriveScramKeys } from "@rollcall/xmpp";
import type { ConnectionCluster } from "../cluster/connection-cluster.ts";
import { type ConnectionSettings, connectionSettings } from "../config.ts";
import { type ConnectionService, createConnectionService } from "../service.ts";
import { ScriptedClient } from "./scripted-client.ts";

export const NODE = "connection-test-1";

/** The owners, as far as the service sees them. */
export class FakeOwners {
  readonly binds: BindResource[] = [];
  /** Everything that was handed over, in order of arrival. */
  readonly received: (
    | { readonly channel: "deliver"; readonly key: string; readonly payload: DeliverStanza }
    | { readonly channel: "presence"; readonly key: string; readonly payload: PresenceCommand }
    | { readonly channel: "roster"; readonly key: string; readonly payload: RosterCommand }
  )[] = [];
  /** What an owner does with a message before it is done. */
  onReceived: () => Outcome | Promise<Outcome> = () => done;
  onBind: (question: BindResource) => BindAnswer | Promise<BindAnswer> = ({ requested, generated }) => ({
    kind: "bound",
    resource: requested ?? generated,
  });
  #waiting: { readonly count: number; readonly resolve: () => void } | undefined;

  constructor(bus: Bus) {
    bus.answer(channels.bind, {}, (_key, question) => {
      this.binds.push(question);
      return this.onBind(question);
    });
    bus.consume(channels.deliver, {}, (key, payload) => this.#take({ channel: "deliver", key, payload }));
    bus.consume(channels.presenceCommands, {}, (key, payload) =>
      this.#take({ channel: "presence", key, payload }),
    );
    bus.consume(channels.rosterCommands, {}, (key, payload) =>
      this.#take({ channel: "roster", key, payload }),
    );
  }

  #take(message: FakeOwners["received"][number]): Outcome | Promise<Outcome> {
    this.received.push(message);
    if (this.#waiting !== undefined && this.received.length >= this.#waiting.count) {
      this.#waiting.resolve();
      this.#waiting = undefined;
    }
    return this.onReceived();
  }

  /** Waits until so many messages have arrived in all. */
  async until(count: number): Promise<void> {
    if (this.received.length >= count) return;
    await new Promise<void>((resolve) => {
      this.#waiting = { count, resolve };
    });
  }

  /** Channel and kind of what arrived, for comparing orders. */
  get kinds(): string[] {
    return this.received.map(({ channel, payload }) =>
      "kind" in payload ? `${channel} ${payload.kind}` : channel,
    );
  }
}

export interface Running {
  readonly service: ConnectionService;
  readonly owners: FakeOwners;
  readonly bus: Bus;
  readonly accounts: AccountStore;
  /** Milliseconds since the epoch, moved on by the test. */
  readonly clock: { time: number };
  readonly log: LogFields[];
  readonly dataDir: string;
  connect(): Promise<ScriptedClient>;
  /** A client that is logged in. */
  client(user: string, resource: string, headerAttributes?: string): Promise<ScriptedClient>;
  deliver(...items: NodeDelivery[]): Promise<void>;
}

export interface StartOptions {
  readonly settings?: Partial<ConnectionSettings>;
  readonly accounts?: AccountStore;
  readonly sweepMs?: number;
  readonly keyLimit?: number;
  readonly cluster?: ConnectionCluster;
}

const anyPort = { host: "127.0.0.1", port: 0 };

/** Passwords are `secret`; the iteration count is the least, for speed. */
export async function testAccount(jid: string, disabled = false): Promise<Account> {
  const salt = new Uint8Array(16).fill(7);
  const sha1 = await deriveScramKeys("SCRAM-SHA-1", "secret", salt, 1);
  const sha256 = await deriveScramKeys("SCRAM-SHA-256", "secret", salt, 1);
  return {
    jid: jid as BareJid,
    scram: { "SCRAM-SHA-1": sha1!, "SCRAM-SHA-256": sha256! },
    disabled,
    createdAt: 0,
  };
}

export function defaultSettings(): ConnectionSettings {
  const values = Object.entries(connectionSettings).map(([name, { default: value }]) => [name, value]);
  return {
    ...(Object.fromEntries(values) as ConnectionSettings),
    domains: ["example.org"],
    "auth.scram_iterations": 4096,
    "auth.channel_binding": true,
    "listen.c2s": anyPort,
    "listen.c2s_tls": anyPort,
    "tls.required": false,
  };
}

/** Starts the service for one test; it is stopped when the test is over. */
export async function startConnection(test: TestContext, options: StartOptions = {}): Promise<Running> {
  const dataDir = mkdtempSync(join(tmpdir(), "rollcall-connection-"));
  const log: LogFields[] = [];
  const record = (fields: LogFields) => void log.push(fields);
  const logger: Logger = { ...silentLogger, warn: record, error: record, with: () => logger };
  const bus = createMemoryBus({ logger, encode: true, patienceMs: 50, keyLimit: options.keyLimit });
  const owners = new FakeOwners(bus);
  const accounts = options.accounts ?? createMemoryAccountStore();
  if (options.accounts === undefined) {
    for (const name of ["juliet", "romeo"]) await accounts.put(await testAccount(`${name}@example.org`));
    await accounts.put(await testAccount("tybalt@example.org", true));
  }
  const clock = { time: 1_000_000_000_000 };
  const service = createConnectionService({
    settings: { ...defaultSettings(), "data.dir": dataDir, ...options.settings },
    bus,
    accounts,
    logger,
    nodeId: NODE,
    clock: { now: () => clock.time },
    version: "1.2.3",
    cluster: options.cluster,
    sweepMs: options.sweepMs ?? 5,
  });
  try {
    await service.start();
  } catch (error) {
    rmSync(dataDir, { recursive: true, force: true });
    throw error;
  }
  const clients: ScriptedClient[] = [];
  test.after(async () => {
    for (const client of clients) client.destroy();
    await service.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });
  const connect = async () => {
    const client = await ScriptedClient.connect(service.addresses().c2s);
    clients.push(client);
    return client;
  };
  return {
    service,
    owners,
    bus,
    accounts,
    clock,
    log,
    dataDir,
    connect,
    async client(user, resource, headerAttributes) {
      const client = await connect();
      await client.logIn(user, resource, headerAttributes);
      return client;
    },
    deliver: (...items) => bus.publish(channels.nodeDeliveries, NODE, { items }),
  };
}
