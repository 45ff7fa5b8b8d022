import { readdir, readFile } from "node:fs/promises";
import { watchEventLoop } from "@rollcall/telemetry";
import type { StatusParts } from "./answer-status.ts";

/** What every process can tell of itself, from now on until `stop`. */
export function watchThisProcess(): { readonly parts: StatusParts; stop(): void } {
  const eventLoop = watchEventLoop();
  return {
    parts: {
      eventLoop() {
        const { p99, max } = eventLoop.read();
        return { p99Ms: round(p99 * 1_000), maxMs: round(max * 1_000) };
      },
      files: readOpenFiles,
    },
    stop: () => eventLoop.stop(),
  };
}

/** Open files and their soft limit, where the system shows them (Linux). */
async function readOpenFiles(): Promise<{ open: number; limit: number } | undefined> {
  const limits = await readFile("/proc/self/limits", "utf8").catch(() => undefined);
  const limit = /^Max open files\s+(\d+)/m.exec(limits ?? "")?.[1];
  if (limit === undefined) return undefined;
  return { open: (await readdir("/proc/self/fd")).length, limit: Number(limit) };
}

function round(ms: number): number {
  return Math.round(ms * 10) / 10;
}
