/** A whole server in this process, on free loopback ports, with its data in a temporary folder. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createAllInOne, defaultSettings } from "@rollcall/all-in-one";
import type { ContactRecord } from "@rollcall/contracts";
import { type Logger, silentLogger } from "@rollcall/telemetry";
import type { Endpoint } from "./wire.ts";

export interface ServerOptions {
  /** Values of settings by name, over those that tests need. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Kept when the server stops; a temporary folder otherwise. */
  readonly dataDir?: string;
  readonly logger?: Logger;
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
  stop(): Promise<void>;
}

const anyPort = { host: "127.0.0.1", port: 0 };

/**
 * Starts the all-in-one server. Login works in clear, payloads on the bus are encoded and decoded, and the limits
 * are wide enough for many clients of one address.
 */
export async function startServer(options: ServerOptions = {}): Promise<RunningServer> {
  const folder = options.dataDir ?? mkdtempSync(join(tmpdir(), "rollcall-test-"));
  const settings = {
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
  const server = await createAllInOne({ settings, logger: options.logger ?? silentLogger, encodeOnBus: true });
  await server.start();
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
    addUser: (jid, password) => server.addAccount(jid, password),
    removeUser: (jid) => ok(admin("DELETE", `/users/${encodeURIComponent(jid)}`)),
    importRoster: (jid, contacts) => server.importRoster(jid, contacts),
    admin,
    async stop() {
      await server.stop();
      if (options.dataDir === undefined) rmSync(folder, { recursive: true, force: true });
    },
  };
}
