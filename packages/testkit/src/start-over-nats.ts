/** The services over a real NATS, two of each, in this process: the same code as in processes of their own. */
import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createRiakAccountStore } from "@rollcall/accounts";
import { createNatsBus } from "@rollcall/bus";
import {
  type ClusterProcess,
  clusterSettings,
  createConnectionProcess,
  createPresenceProcess,
  createRosterProcess,
  createStoreProcess,
  type ProcessOptions,
} from "@rollcall/cluster";
import { channels } from "@rollcall/contracts";
import { startNatsServer } from "@rollcall/nats/testing";
import { createNatsOwnerMap } from "@rollcall/ownership";
import { createHttpTransport, createRiakClient } from "@rollcall/riak-client";
import {
  createInstanceId,
  Health,
  type ListenAddress,
  type ProcessHost,
  runServices,
  type SettingValues,
} from "@rollcall/runtime";
import type { Logger } from "@rollcall/telemetry";
import { type BareJid, deriveScramKeys, scramSaltBytes } from "@rollcall/xmpp";
import { eventually } from "./eventually.ts";
import { KeptLog } from "./kept-log.ts";
import type { RunningServer, ServerOptions } from "./start-server.ts";
import type { Endpoint } from "./wire.ts";

/** Signals of the test process are not the server's. */
const deafHost: ProcessHost = { on() {}, off() {}, exit() {} };
const anyPort = { host: "127.0.0.1", port: 0 };
type Settings = SettingValues<typeof clusterSettings>;

interface Running {
  readonly addresses: Readonly<Record<string, ListenAddress | undefined>>;
  readonly health: Health;
  stop(): Promise<void>;
}

async function run(
  create: (options: ProcessOptions<Settings>) => ClusterProcess,
  options: Omit<ProcessOptions<Settings>, "health" | "version">,
): Promise<Running> {
  const health = new Health();
  const parts = create({ ...options, health, version: "0" });
  const ending = new AbortController();
  let onStarted = (): void => {};
  const started = new Promise<void>((resolve) => {
    onStarted = resolve;
  });
  const ended = runServices({
    services: parts.services,
    health,
    logger: options.logger,
    drainBudgetMs: 5_000,
    host: deafHost,
    until: ending.signal,
    onStarted,
  });
  await Promise.race([
    started,
    ended.then((code) => {
      throw new Error(`${options.processId} ended at start with code ${code}`);
    }),
  ]);
  return {
    addresses: parts.addresses(),
    health,
    async stop() {
      ending.abort();
      await ended;
    },
  };
}

/**
 * Like `startServer`, with NATS between two connection nodes, two roster and two presence instances, and the embedded
 * store behind its HTTP API. Clients are given the nodes in turn.
 */
export async function startOverNats(options: ServerOptions): Promise<RunningServer> {
  const folder = options.dataDir ?? mkdtempSync(join(tmpdir(), "rollcall-test-"));
  const log = new KeptLog();
  const logger: Logger = options.logger ?? log.logger;
  const nats = await startNatsServer();
  const defaults = Object.fromEntries(
    Object.entries(clusterSettings).map(([name, declared]) => [name, declared.default]),
  ) as Settings;
  const settings: Settings = {
    ...defaults,
    "data.dir": folder,
    "nats.servers": [`127.0.0.1:${nats.port}`],
    "listen.c2s": anyPort,
    "listen.c2s_tls": anyPort,
    "listen.http": undefined,
    "listen.riak": anyPort,
    "tls.required": false,
    "limits.connections_per_address": 100_000,
    "limits.attempts_per_address": 1_000_000,
    ...options.settings,
  };
  const start = (
    kind: string,
    create: (options: ProcessOptions<Settings>) => ClusterProcess,
    more: Partial<Settings> = {},
  ): Promise<Running> =>
    run(create, { settings: { ...settings, ...more }, logger, processId: createInstanceId(kind) });

  const store = await start("store", createStoreProcess);
  const riak = `http://127.0.0.1:${store.addresses.riak?.port}`;
  const hosts = { "riak.hosts": [riak] };
  const [roster, ...instances] = await Promise.all([
    start("roster", createRosterProcess, { ...hosts, "listen.http": anyPort }),
    start("roster", createRosterProcess, hosts),
    start("presence", createPresenceProcess, hosts),
    start("presence", createPresenceProcess, hosts),
  ]);
  // What connection nodes share in the folder is made by the first of them.
  const nodes = [
    await start("connection", createConnectionProcess, hosts),
    await start("connection", createConnectionProcess, hosts),
  ];
  const everybody = [store, roster, ...instances, ...nodes];
  await eventually("every partition is served", () =>
    everybody.every(({ health }) => health.notReady().length === 0),
  );

  // For what tests do without a client.
  const connection = await nats.connect();
  const watch = { connection, logger };
  const owners = {
    "roster-owner": createNatsOwnerMap({ ...watch, service: "roster-owner" }),
    "presence-owner": createNatsOwnerMap({ ...watch, service: "presence-owner" }),
  };
  const bus = createNatsBus({ connection, processId: createInstanceId("test"), logger, owners });
  const client = createRiakClient({ transport: createHttpTransport({ hosts: [riak], logger }), logger });
  const accounts = createRiakAccountStore({ client });

  let turn = 0;
  const inTurn = (port: "c2s" | "c2sTls"): Endpoint => {
    turn += 1;
    return nodes[turn % nodes.length]?.addresses[port] ?? anyPort;
  };
  const http = `http://127.0.0.1:${roster.addresses.http?.port}`;
  const adminToken = readFileSync(join(folder, "admin-token"), "utf8").trim();
  const admin = (method: string, path: string, body?: unknown): Promise<Response> =>
    fetch(`${http}/admin/v1${path}`, {
      method,
      headers: {
        authorization: `Bearer ${adminToken}`,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  return {
    domain: settings.domains[0] ?? "localhost",
    get c2s() {
      return inTurn("c2s");
    },
    get c2sTls() {
      return inTurn("c2sTls");
    },
    riak,
    http,
    dataDir: folder,
    adminToken,
    async addUser(jid, password) {
      const keys = async (mechanism: "SCRAM-SHA-1" | "SCRAM-SHA-256") => {
        const made = await deriveScramKeys(mechanism, password, randomBytes(scramSaltBytes), 4096);
        if (made === undefined) throw new Error("the password cannot be used");
        return made;
      };
      await accounts.put({
        jid: jid as BareJid,
        scram: { "SCRAM-SHA-1": await keys("SCRAM-SHA-1"), "SCRAM-SHA-256": await keys("SCRAM-SHA-256") },
        disabled: false,
        createdAt: Date.now(),
      });
    },
    async removeUser(jid) {
      const response = await admin("DELETE", `/users/${encodeURIComponent(jid)}`);
      if (!response.ok) throw new Error(`${response.url}: ${response.status} ${await response.text()}`);
    },
    async importRoster(jid, contacts) {
      const answer = await bus.request(channels.rosterAdmin, jid, { kind: "import", contacts });
      if (answer.kind !== "imported") throw new Error(`import of ${jid}: ${JSON.stringify(answer)}`);
    },
    admin,
    trouble: () => log.lines(),
    async stop() {
      log.stop();
      await bus.close();
      for (const map of Object.values(owners)) map.stop();
      await connection.close();
      for (const group of [nodes, instances, [roster], [store]]) {
        await Promise.all(group.map((one) => one.stop()));
      }
      await client.close();
      await nats.stop();
      if (options.dataDir === undefined) rmSync(folder, { recursive: true, force: true });
    },
  };
}
