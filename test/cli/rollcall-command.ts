import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { ServerProcess } from "@rollcall/testkit";

const main = fileURLToPath(new URL("../../../packages/cli/dist/main.js", import.meta.url));

export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  readonly input?: string;
  /** Beside, or instead of, the environment of the server. */
  readonly env?: NodeJS.ProcessEnv;
}

/** Types a `rollcall` command in the directory of a server, with the settings of the server around it. */
export async function rollcall(
  server: ServerProcess,
  command: string | readonly string[],
  { input = "", env = {} }: CommandOptions = {},
): Promise<CommandResult> {
  const words = typeof command === "string" ? command.split(" ") : command;
  const child = spawn(process.execPath, [main, ...words], {
    cwd: server.folder,
    env: { ...server.env, ...env },
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
  child.stdin.end(input);
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, stdout, stderr }));
  });
}
