/** What the tests of the command run against: a real admin service on a free port, and the command as a process. */
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type AccountStore, createMemoryAccountStore } from "@rollcall/accounts";
import { adminSettings, createAdminService } from "@rollcall/admin";
import { createMemoryBus } from "@rollcall/bus";
import {
  type ContactRecord,
  channels,
  type RosterAdminAnswer,
  type SessionSummary,
} from "@rollcall/contracts";
import { type Control, createControlHub } from "@rollcall/control";
import { createHttpServer, Health, loadSettings, systemClock } from "@rollcall/runtime";
import { CounterRegistry, silentLogger } from "@rollcall/telemetry";

export interface ServerStage {
  readonly url: string;
  readonly token: string;
  /** Working directory of the commands: its `data` has the token of the server. */
  readonly directory: string;
  readonly accounts: AccountStore;
  readonly rosters: Map<string, Readonly<Record<string, ContactRecord>>>;
  readonly sessions: Map<string, readonly SessionSummary[]>;
  /** Of the only process there is. */
  readonly control: Control;
  stop(): Promise<void>;
}

/** An admin service for the domain `example.org` over maps. */
export async function startServerStage(): Promise<ServerStage> {
  const directory = await mkdtemp(join(tmpdir(), "rollcall-cli-"));
  const logger = silentLogger;
  const accounts = createMemoryAccountStore();
  const bus = createMemoryBus({ logger });
  const rosters: ServerStage["rosters"] = new Map();
  const sessions: ServerStage["sessions"] = new Map();
  bus.answer(channels.rosterAdmin, {}, (jid, question): RosterAdminAnswer => {
    const roster = rosters.get(jid) ?? {};
    const contacts = Object.keys(roster).length;
    switch (question.kind) {
      case "show":
        return { kind: "roster", version: "1", contacts: roster };
      case "import":
        rosters.set(jid, { ...roster, ...question.contacts });
        return { kind: "imported", added: Object.keys(question.contacts).length, changed: 0, unchanged: 0 };
      case "refresh":
        return { kind: "refreshed", pushed: contacts };
      case "remove-account":
        rosters.delete(jid);
        return { kind: "removed", contacts };
    }
  });
  bus.answer(channels.presenceAdmin, {}, (jid, question) => {
    const answer = { sessions: sessions.get(jid) ?? [] };
    if (question.kind === "end-sessions") sessions.delete(jid);
    return answer;
  });
  const control = createControlHub(logger).join({
    process: { id: "roster-1", kind: "roster", version: "0.1.0", startedAt: 0 },
  });
  const loaded = loadSettings(adminSettings, { env: {}, directory });
  if (loaded.kind === "invalid") throw new Error("the defaults are not valid");
  const health = new Health();
  health.enter("running");
  const http = createHttpServer({ listen: { host: "127.0.0.1", port: 0 }, health, logger });
  const service = createAdminService({
    settings: { ...loaded.values, domains: ["example.org"] },
    accounts,
    bus,
    control,
    http,
    dataDir: join(directory, "data"),
    clock: systemClock,
    logger,
    counterRegistry: new CounterRegistry(),
    describeConfig: () => [],
    removeOfflineMessages: async () => {},
  });
  await http.start();
  await service.start();
  return {
    url: `http://127.0.0.1:${http.address?.port}`,
    token: (await readFile(join(directory, "data", "admin-token"), "utf8")).trim(),
    directory,
    accounts,
    rosters,
    sessions,
    control,
    async stop() {
      await service.stop();
      await http.stop();
      await bus.drain();
      await rm(directory, { recursive: true });
    },
  };
}

export interface CommandOptions {
  readonly directory: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
}

export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `rollcall` as a process of its own, with nothing in its environment but what the test gives. */
export function runCommand(arguments_: readonly string[], options: CommandOptions): Promise<CommandResult> {
  const main = fileURLToPath(new URL("../main.js", import.meta.url));
  const child = spawn(process.execPath, [main, ...arguments_], {
    cwd: options.directory,
    env: { PATH: process.env.PATH, ...options.env },
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  // A command that fails early does not read its input.
  child.stdin.on("error", () => {});
  child.stdin.end(options.input ?? "");
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, stdout, stderr }));
  });
}
