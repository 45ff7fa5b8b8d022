import { monitorEventLoopDelay, PerformanceObserver, performance } from "node:perf_hooks";
import { getHeapStatistics } from "node:v8";
import { Histogram, secondsBounds } from "./histogram.ts";

/** Numbers of the process as a whole, for the area `process` of a `CounterRegistry`. */
export interface ProcessNumbers {
  /** As they are now. Delays of the event loop are those of the last seconds. */
  read(): object;
  stop(): void;
}

const NANOSECONDS = 1e9;
const MICROSECONDS = 1e6;
const MILLISECONDS = 1e3;
const RESOLUTION_MS = 20;
/** Several readers see the same delays, rather than each taking them away from the others. */
const DELAY_WINDOW_MS = 10_000;

/** V8's kinds of collections, as `performance` entries of kind `gc` have them. */
const gcFields = new Map([
  [1, "gcMinor"],
  [2, "gcMinor"],
  [4, "gcMajor"],
  [8, "gcIncremental"],
  [16, "gcWeakCallbacks"],
] as const);

/** Begins to watch the event loop and the garbage collector. */
export function watchProcess(): ProcessNumbers {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  let windowBegan = performance.now();
  const collections = {
    gcMinor: new Histogram(secondsBounds),
    gcMajor: new Histogram(secondsBounds),
    gcIncremental: new Histogram(secondsBounds),
    gcWeakCallbacks: new Histogram(secondsBounds),
  };
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      const { kind } = (entry as unknown as { readonly detail: { readonly kind: number } }).detail;
      const field = gcFields.get(kind as 1);
      if (field !== undefined) collections[field].record(entry.duration / MILLISECONDS);
    }
  });
  observer.observe({ entryTypes: ["gc"] });
  return {
    read() {
      // The timer that measures runs every 20 ms: it is late by what goes beyond.
      const late = (nanoseconds: number): number =>
        Math.max(
          0,
          (Number.isFinite(nanoseconds) ? nanoseconds : 0) / NANOSECONDS - RESOLUTION_MS / MILLISECONDS,
        );
      const { rss, heapUsed, external } = process.memoryUsage();
      const { user, system } = process.cpuUsage();
      const { active, idle } = performance.eventLoopUtilization();
      const numbers = {
        delay_p50: late(delay.percentile(50)),
        delay_p99: late(delay.percentile(99)),
        delay_max: late(delay.max),
        loopActive: active / MILLISECONDS,
        loopIdle: idle / MILLISECONDS,
        residentBytes: rss,
        heapUsedBytes: heapUsed,
        heapLimitBytes: getHeapStatistics().heap_size_limit,
        externalBytes: external,
        cpuUser: user / MICROSECONDS,
        cpuSystem: system / MICROSECONDS,
        uptime: process.uptime(),
        ...collections,
      };
      const now = performance.now();
      if (now - windowBegan >= DELAY_WINDOW_MS) {
        delay.reset();
        windowBegan = now;
      }
      return numbers;
    },
    stop() {
      delay.disable();
      observer.disconnect();
    },
  };
}
