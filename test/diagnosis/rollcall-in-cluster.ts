import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { RunningCluster } from "@rollcall/testkit";

const main = fileURLToPath(new URL("../../../packages/cli/dist/main.js", import.meta.url));

export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
}

/** Types a `rollcall` command beside a cluster. The cluster's store proxy lives in this process, which therefore must not wait. */
export function rollcallIn(cluster: RunningCluster, ...arguments_: string[]): Promise<CommandResult> {
  const child = spawn(process.execPath, [main, ...arguments_], { cwd: cluster.folder, env: cluster.env });
  let stdout = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, stdout }));
  });
}
