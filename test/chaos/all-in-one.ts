/** The server of one process as something to do harm to: it is killed, frozen and restarted on the same data. */
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ServerProcess } from "@rollcall/testkit";
import type { ChaosUser, ClusterUnderChaos, FaultVerb } from "./cluster-under-chaos.ts";

const domain = "localhost";
const password = "secret";
const cli = fileURLToPath(new URL("../../../packages/cli/dist/main.js", import.meta.url));

export async function startAllInOne(users: readonly ChaosUser[]): Promise<ClusterUnderChaos> {
  const server = await ServerProcess.create({
    ROLLCALL_DATA_DIR: "data",
    ROLLCALL_TLS_REQUIRED: "false",
    ROLLCALL_LOG_LEVEL: "warn",
    ROLLCALL_LIMITS_CONNECTIONS_PER_ADDRESS: "100000",
    ROLLCALL_LIMITS_ATTEMPTS_PER_ADDRESS: "1000000",
  });
  await server.start();
  try {
    await importUsers(users, { domain, password, folder: server.folder, env: server.env });
  } catch (error) {
    await server.remove();
    throw error;
  }
  const pid = (): number => server.pid ?? 0;
  const faults: FaultVerb[] = [
    {
      verb: "killNode",
      weight: 2,
      async begin() {
        await server.end("SIGKILL");
        return { target: "server", lastsMs: 500, end: () => server.start() };
      },
    },
    {
      verb: "restart",
      weight: 1,
      async begin() {
        await server.end("SIGTERM");
        return { target: "server", lastsMs: 500, end: () => server.start() };
      },
    },
    {
      verb: "freeze",
      weight: 1,
      async begin(pick) {
        process.kill(pid(), "SIGSTOP");
        const end = async (): Promise<void> => {
          process.kill(pid(), "SIGCONT");
        };
        return { target: "server", lastsMs: 500 + pick(8_000), end };
      },
    },
  ];
  return {
    name: "all-in-one",
    domain,
    password,
    nodes: () => [{ name: "server", ...server.c2s }],
    faults,
    output: () => server.output,
    stop: () => server.remove(),
  };
}

export interface ImportOptions {
  readonly domain: string;
  readonly password: string;
  /** For the files that are imported. */
  readonly folder: string;
  /** Settings under which the command line tool finds the server. */
  readonly env: NodeJS.ProcessEnv;
}

/** Accounts, and rosters in which friends are subscribed both ways. */
export async function importUsers(users: readonly ChaosUser[], options: ImportOptions): Promise<void> {
  const { folder, env } = options;
  const jid = (username: string): string => `${username}@${options.domain}`;
  const accounts = users.map(({ username }) => ({ jid: jid(username), password: options.password }));
  const rosters = users.map(({ username, friends }) => ({
    jid: jid(username),
    contacts: Object.fromEntries(
      friends.map((friend) => [
        jid(friend),
        { name: "", groups: [], subscription: "both", pending_requests: {} },
      ]),
    ),
  }));
  for (const [kind, lines] of [
    ["user", accounts],
    ["roster", rosters],
  ] as const) {
    const file = join(folder, `${kind}s.jsonl`);
    writeFileSync(file, lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
    await run([cli, kind, "import", file], folder, env);
  }
}

async function run(command: readonly string[], cwd: string, env: NodeJS.ProcessEnv): Promise<void> {
  const child = spawn(process.execPath, command, { cwd, env, stdio: ["ignore", "ignore", "pipe"] });
  let errors = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    errors = (errors + text).slice(-2_000);
  });
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  if (code !== 0) throw new Error(`${command.slice(1, 3).join(" ")} ended with ${code}: ${errors}`);
}
