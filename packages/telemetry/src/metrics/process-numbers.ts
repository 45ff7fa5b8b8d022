import { PerformanceObserver, performance } from "node:perf_hooks";
import { getHeapStatistics } from "node:v8";
import { watchEventLoop } from "./event-loop-delay.ts";
import { Histogram, secondsBounds } from "./histogram.ts";

/** Numbers of the process as a whole, for the area `process` of a `CounterRegistry`. */
export interface ProcessNumbers {
  /** As they are now. Delays of the event loop are those of the last seconds. */
  read(): object;
  stop(): void;
}

const MICROSECONDS = 1e6;
const MILLISECONDS = 1e3;

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
  const eventLoop = watchEventLoop();
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
      const { p50, p99, max } = eventLoop.read();
      const { rss, heapUsed, external } = process.memoryUsage();
      const { user, system } = process.cpuUsage();
      const { active, idle } = performance.eventLoopUtilization();
      return {
        delay_p50: p50,
        delay_p99: p99,
        delay_max: max,
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
    },
    stop() {
      eventLoop.stop();
      observer.disconnect();
    },
  };
}
