/**
 * The server as a process of its own, so that an attack and what it costs are in different processes: its memory is
 * read from outside, and its log is what an operator would have.
 */
import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { fileURLToPath } from "node:url";
import { type Endpoint, eventually, type RunningServer, Wire } from "@rollcall/testkit";

const MAIN = fileURLToPath(new URL("../../../services/all-in-one/dist/main.js", import.meta.url));

/** Numbers of the connection service that the tests look at. */
export interface Counters {
  readonly connections: number;
  readonly sessions: number;
  readonly logins: number;
  readonly authenticationFailures: number;
  readonly streamErrors: number;
  readonly streamFaults: number;
  readonly clientsNotReading: number;
}

export interface ServerProcess extends RunningServer {
  /** Resident memory in bytes. */
  residentBytes(): number;
  counters(): Promise<Counters>;
  /** The log so far, at its most talkative level. */
  log(): string;
  /** Throws if the process has ended. */
  assertAlive(): void;
}

/** Files that this process, and a child of it, may have open. */
export function openFilesLimit(): number {
  const limit = execFileSync("/bin/sh", ["-c", "ulimit -n"], { encoding: "utf8" }).trim();
  return limit === "unlimited" ? Number.MAX_SAFE_INTEGER : Number(limit);
}

/**
 * Starts a server for the tests of one file, on free ports of the loopback, with settings over the defaults. It is
 * stopped when they are over; then it must have lived all along, without a fault, and without a secret in its log.
 */
export async function serverProcess(
  settings: Readonly<Record<string, string | number | boolean>> = {},
): Promise<ServerProcess> {
  const folder = mkdtempSync(join(tmpdir(), "rollcall-abuse-"));
  const passwords = new Set<string>();
  const child = spawn(process.execPath, [MAIN], {
    cwd: folder,
    env: environment({
      "data.dir": join(folder, "data"),
      "listen.c2s": "127.0.0.1:0",
      "listen.c2s_tls": "127.0.0.1:0",
      "listen.http": "127.0.0.1:0",
      "listen.riak": "off",
      "log.format": "json",
      "log.level": "debug",
      "tls.required": false,
      "limits.connections_per_address": 100_000,
      "limits.attempts_per_address": 1_000_000,
      ...settings,
    }),
    stdio: ["ignore", "pipe", "pipe"],
  });
  const output: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => output.push(text));
  }
  const log = (): string => output.join("");
  const assertAlive = (): void =>
    assert.ok(
      child.exitCode === null && child.signalCode === null,
      `the server ended:\n${log().slice(-4_000)}`,
    );
  await eventually("the server is up", () => {
    assertAlive();
    return log().includes('"process.started"');
  });
  const endpoint = (event: string, tls?: boolean): Endpoint => {
    for (const line of log().split("\n")) {
      if (!line.startsWith("{") || !line.includes(`"${event}"`)) continue;
      const { host, port, tls: isTls } = JSON.parse(line) as Endpoint & { tls?: boolean };
      if (tls === undefined || tls === isTls) return { host, port };
    }
    throw new Error(`no ${event} in the log`);
  };
  const { host, port } = endpoint("http.listening");
  const http = `http://${host}:${port}`;
  const dataDir = join(folder, "data");
  const adminToken = readFileSync(join(dataDir, "admin-token"), "utf8").trim();
  passwords.add(adminToken);

  const request = (method: string, path: string, type: string, body?: string): Promise<Response> =>
    fetch(`${http}/admin/v1${path}`, {
      method,
      headers: {
        authorization: `Bearer ${adminToken}`,
        ...(body === undefined ? {} : { "content-type": type }),
      },
      ...(body === undefined ? {} : { body }),
    });
  const admin = (method: string, path: string, body?: unknown): Promise<Response> =>
    request(method, path, "application/json", body === undefined ? undefined : JSON.stringify(body));
  const ok = async (answer: Promise<Response>): Promise<Response> => {
    const response = await answer;
    assert.ok(response.ok, `${response.url}: ${response.status}`);
    return response;
  };
  const importLine = async (path: string, line: unknown): Promise<void> => {
    await (await ok(request("POST", path, "application/x-ndjson", `${JSON.stringify(line)}\n`))).text();
  };
  const stop = async (): Promise<void> => {
    Wire.cutAll();
    assertAlive();
    child.kill("SIGTERM");
    if (child.exitCode === null) await once(child, "exit");
    rmSync(folder, { recursive: true, force: true });
  };

  after(async () => {
    await stop();
    assert.equal(child.exitCode, 0);
    for (const secret of passwords) assert.ok(!log().includes(secret), "a secret is in the log");
    assert.doesNotMatch(log(), /"event":"(stream|connection|sasl)\.fault"|"level":"error"/);
  });
  return {
    domain: "localhost",
    c2s: endpoint("listener.open", false),
    c2sTls: endpoint("listener.open", true),
    riak: "",
    http,
    dataDir,
    adminToken,
    async addUser(jid, password) {
      passwords.add(password).add(Buffer.from(password).toString("base64"));
      await ok(admin("POST", "/users", { jid, password }));
    },
    async removeUser(jid) {
      await ok(admin("DELETE", `/users/${encodeURIComponent(jid)}`));
    },
    importRoster: (jid, contacts) => importLine("/rosters/import", { jid, contacts }),
    admin,
    stop,
    residentBytes: () => residentBytes(child),
    async counters() {
      const all = (await (await ok(admin("GET", "/counters"))).json()) as { connection: Counters };
      return all.connection;
    },
    log,
    assertAlive,
  };
}

function environment(settings: Readonly<Record<string, string | number | boolean>>): NodeJS.ProcessEnv {
  const variables = Object.entries(settings).map(([name, value]) => [
    `ROLLCALL_${name.replaceAll(".", "_").toUpperCase()}`,
    String(value),
  ]);
  return { PATH: process.env.PATH, HOME: process.env.HOME, ...Object.fromEntries(variables) };
}

function residentBytes(child: ChildProcess): number {
  const status = readFileSync(`/proc/${child.pid}/status`, "utf8");
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1_024;
}
