import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePorts } from "@rollcall/testkit";
import { DOMAIN, type LoadUser, PASSWORD, type ServerKind, stopProcess, until } from "./server-under-test.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));

/** Debian's jemalloc, where it is installed. */
export const JEMALLOC = [
  "/usr/lib/x86_64-linux-gnu/libjemalloc.so.2",
  "/usr/lib/aarch64-linux-gnu/libjemalloc.so.2",
].find((path) => existsSync(path));

async function run(command: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  const child = spawn(process.execPath, command, { env, stdio: ["ignore", "ignore", "pipe"] });
  let errors = "";
  child.stderr.on("data", (chunk: Buffer) => {
    errors = (errors + chunk.toString()).slice(-2000);
  });
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  if (code !== 0) throw new Error(`${command.join(" ")} ended with ${code}: ${errors}`);
}

/** Rollcall in one process with further settings. */
export function rollcallWith(name: string, settings: Readonly<Record<string, string>>): ServerKind {
  return {
    name,
    missing: () => undefined,
    async start(users, options = {}) {
      const folder = mkdtempSync(join(tmpdir(), "rollcall-bench-"));
      const [c2s = 0, c2sTls = 0, http = 0] = await freePorts(3);
      const env: NodeJS.ProcessEnv = {
        PATH: process.env.PATH,
        ROLLCALL_DOMAINS: DOMAIN,
        ROLLCALL_DATA_DIR: join(folder, "data"),
        ROLLCALL_LISTEN_C2S: `127.0.0.1:${c2s}`,
        ROLLCALL_LISTEN_C2S_TLS: `127.0.0.1:${c2sTls}`,
        ROLLCALL_LISTEN_HTTP: `127.0.0.1:${http}`,
        ROLLCALL_LISTEN_RIAK: "off",
        ROLLCALL_TLS_REQUIRED: "false",
        ROLLCALL_LOG_LEVEL: "warn",
        // The load comes from one address.
        ROLLCALL_LIMITS_CONNECTIONS_PER_ADDRESS: "1000000",
        ROLLCALL_LIMITS_ATTEMPTS_PER_ADDRESS: "1000000",
        ...settings,
      };
      const run = (measured: boolean): Promise<ChildProcess> =>
        startServer(
          folder,
          http,
          options.jemalloc === true && JEMALLOC !== undefined ? { ...env, LD_PRELOAD: JEMALLOC } : env,
          measured,
        );
      // What an import leaves in memory is not what is measured.
      const importing = await run(false);
      await importUsers(users, folder, env);
      await stopProcess(importing);
      const child = await run(true);
      return {
        name: options.jemalloc ? `${name}, jemalloc` : name,
        pid: child.pid ?? 0,
        plain: { host: "127.0.0.1", port: c2s, tls: "none" },
        secure: { host: "127.0.0.1", port: c2s, tls: "starttls" },
        metrics: `http://127.0.0.1:${http}/metrics`,
        async stop() {
          await stopProcess(child);
          rmSync(folder, { recursive: true, force: true });
        },
      };
    },
  };
}

export const rollcall: ServerKind = rollcallWith("Rollcall", {});

async function startServer(
  folder: string,
  http: number,
  env: NodeJS.ProcessEnv,
  measured: boolean,
): Promise<ChildProcess> {
  const profile = process.env.ROLLCALL_BENCH_PROFILE;
  const nodeOptions = measured && profile !== undefined ? ["--cpu-prof", `--cpu-prof-dir=${profile}`] : [];
  const child = spawn(process.execPath, [...nodeOptions, join(root, "services/all-in-one/dist/main.js")], {
    env,
    cwd: folder,
    stdio: ["ignore", "ignore", "inherit"],
  });
  await until("starting Rollcall", async () => {
    if (child.exitCode !== null) throw new Error("Rollcall ended at start");
    return fetch(`http://127.0.0.1:${http}/readyz`).then(
      (answer) => answer.ok,
      () => false,
    );
  });
  return child;
}

/** Through the command line tool, which finds the server by `env`. */
export async function importUsers(
  users: readonly LoadUser[],
  folder: string,
  env: NodeJS.ProcessEnv,
): Promise<void> {
  const jid = (username: string): string => `${username}@${DOMAIN}`;
  const accounts = join(folder, "accounts.jsonl");
  const rosters = join(folder, "rosters.jsonl");
  writeFileSync(
    accounts,
    users.map((user) => `${JSON.stringify({ jid: jid(user.username), password: PASSWORD })}\n`).join(""),
  );
  writeFileSync(
    rosters,
    users
      .map((user) => {
        const contacts = Object.fromEntries(
          user.contacts.map((contact) => [
            jid(contact),
            { name: contact, groups: ["Friends"], subscription: "both", pending_requests: {} },
          ]),
        );
        return `${JSON.stringify({ jid: jid(user.username), contacts })}\n`;
      })
      .join(""),
  );
  const cli = join(root, "packages/cli/dist/main.js");
  await run([cli, "user", "import", accounts], env);
  await run([cli, "roster", "import", rosters], env);
}
