import { readdir, readFile } from "node:fs/promises";
import { monitorEventLoopDelay } from "node:perf_hooks";
import type { StatusParts } from "./answer-status.ts";

const RESOLUTION_MS = 20;
const NANOSECONDS_PER_MS = 1e6;

/** What every process can tell of itself, from now on until `stop`. */
export function watchThisProcess(): { readonly parts: StatusParts; stop(): void } {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  return {
    parts: {
      eventLoop() {
        // The timer that measures runs every 20 ms: it is late by what goes beyond.
        const late = (nanoseconds: number): number =>
          Number.isFinite(nanoseconds) ? Math.max(0, nanoseconds / NANOSECONDS_PER_MS - RESOLUTION_MS) : 0;
        const told = { p99Ms: round(late(delay.percentile(99))), maxMs: round(late(delay.max)) };
        delay.reset();
        return told;
      },
      files: readOpenFiles,
    },
    stop: () => delay.disable(),
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
