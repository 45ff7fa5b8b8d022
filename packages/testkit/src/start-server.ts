/** A whole server in this process, on free loopback ports, with its data in a temporary folder. */

import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type AllInOneSettings, createAllInOne, defaultSettings } from "@rollcall/all-in-one";
import { type ContactRecord, channels } from "@rollcall/contracts";
import { type ProcessHost, runServices } from "@rollcall/runtime";
import type { Logger } from "@rollcall/telemetry";
import { type BareJid, deriveScramKeys, scramSaltBytes } from "@rollcall/xmpp";
import { KeptLog } from "./kept-log.ts";
import { startOverNats } from "./start-over-nats.ts";
import type { Endpoint } from "./wire.ts";

export interface ServerOptions {
  /** Values of settings by name, over those that tests need. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Kept when the server stops; a temporary folder otherwise. */
  readonly dataDir?: string;
  readonly logger?: Logger;
  /** Default true. */
  readonly encodeOnBus?: boolean;
  /**
   * All services on a bus in memory, or two of each over NATS. By default what TEST_COMPOSITION says, or in memory:
   * stories hold for both.
   */
  readonly composition?: "memory" | "nats";
}

export interface RunningServer {
  readonly domain: string;
  readonly c2s: Endpoint;
  readonly c2sTls: Endpoint;
  /** Riak's HTTP API of the embedded store. */
  readonly riak: string;
  /** Health and the admin interface. */
  readonly http: string;
  readonly dataDir: string;
  readonly adminToken: string;
  addUser(jid: string, password: string): Promise<void>;
  removeUser(jid: string): Promise<void>;
  importRoster(jid: string, contacts: Readonly<Record<string, ContactRecord>>): Promise<void>;
  /** A request to the admin interface. */
  admin(method: string, path: string, body?: unknown): Promise<Response>;
  /** What its log said that may explain why a story failed; nothing where the log is the test's own. */
  readonly trouble?: () => readonly string[];
  stop(): Promise<void>;
}

function withResolvers(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => {};
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

/** Signals of the test process are not the server's. */
const deafHost: ProcessHost = { on() {}, off() {}, exit() {} };

const anyPort = { host: "127.0.0.1", port: 0 };

/**
 * Starts the all-in-one server, or its services over NATS. Login works in clear, payloads on the bus are encoded and decoded, and the limits
 * are wide enough for many clients of one address.
 */
export async function startServer(options: ServerOptions = {}): Promise<RunningServer> {
  if ((options.composition ?? process.env.TEST_COMPOSITION) === "nats") return startOverNats(options);
  const folder = options.dataDir ?? mkdtempSync(join(tmpdir(), "rollcall-test-"));
  const settings: AllInOneSettings = {
    ...defaultSettings(),
    "data.dir": folder,
    "listen.c2s": anyPort,
    "listen.c2s_tls": anyPort,
    "listen.http": anyPort,
    "listen.riak": anyPort,
    "tls.required": false,
    "limits.connections_per_address": 100_000,
    "limits.attempts_per_address": 1_000_000,
    ...options.settings,
  };
  const log = new KeptLog();
  const logger = options.logger ?? log.logger;
  const server = createAllInOne({ settings, logger, encodeOnBus: options.encodeOnBus ?? true });
  const ending = new AbortController();
  const started = withResolvers();
  const ended = runServices({
    services: server.services,
    health: server.health,
    logger,
    drainBudgetMs: 5_000,
    host: deafHost,
    until: ending.signal,
    onStarted: () => started.resolve(),
  });
  await Promise.race([
    started.promise,
    ended.then((code) => {
      throw new Error(`the server ended at start with code ${code}`);
    }),
  ]);
  const addresses = server.addresses();
  const http = `http://${addresses.http?.host}:${addresses.http?.port}`;
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
  const ok = async (answer: Promise<Response>): Promise<void> => {
    const response = await answer;
    if (!response.ok) throw new Error(`${response.url}: ${response.status} ${await response.text()}`);
  };
  return {
    domain: settings.domains[0] ?? "localhost",
    c2s: addresses.c2s ?? anyPort,
    c2sTls: addresses.c2sTls ?? anyPort,
    riak: `http://${addresses.riak?.host}:${addresses.riak?.port}`,
    http,
    dataDir: folder,
    adminToken,
    async addUser(jid, password) {
      const keys = async (mechanism: "SCRAM-SHA-1" | "SCRAM-SHA-256") => {
        const made = await deriveScramKeys(mechanism, password, randomBytes(scramSaltBytes), 4096);
        if (made === undefined) throw new Error("the password cannot be used");
        return made;
      };
      await server.accounts.put({
        jid: jid as BareJid,
        scram: { "SCRAM-SHA-1": await keys("SCRAM-SHA-1"), "SCRAM-SHA-256": await keys("SCRAM-SHA-256") },
        disabled: false,
        createdAt: Date.now(),
      });
    },
    removeUser: (jid) => ok(admin("DELETE", `/users/${encodeURIComponent(jid)}`)),
    async importRoster(jid, contacts) {
      const answer = await server.bus.request(channels.rosterAdmin, jid, { kind: "import", contacts });
      if (answer.kind !== "imported") throw new Error(`import of ${jid}: ${JSON.stringify(answer)}`);
    },
    admin,
    trouble: () => log.lines(),
    async stop() {
      log.stop();
      ending.abort();
      await ended;
      if (options.dataDir === undefined) rmSync(folder, { recursive: true, force: true });
    },
  };
}
