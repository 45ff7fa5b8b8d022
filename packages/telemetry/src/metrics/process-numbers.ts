import { monitorEventLoopDelay, PerformanceObserver } from "node:perf_hooks";

/** Numbers of the process as a whole, for the area `process` of a `CounterRegistry`. */
export interface ProcessNumbers {
  /** As they are now; delays are those since the last reading. */
  read(): object;
  stop(): void;
}

const NANOSECONDS = 1e9;
const MICROSECONDS = 1e6;
const MILLISECONDS = 1e3;
const RESOLUTION_MS = 20;
/** `performance` entries of kind `gc` have V8's numbers: 1 is a scavenge, 4 and more concern the old generation. */
const SCAVENGE = 1;

/** Begins to watch the event loop and the garbage collector. */
export function watchProcess(): ProcessNumbers {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  let gcYoung = 0;
  let gcOld = 0;
  const collections = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      const { kind } = (entry as unknown as { readonly detail: { readonly kind: number } }).detail;
      if (kind === SCAVENGE) gcYoung += entry.duration / MILLISECONDS;
      else gcOld += entry.duration / MILLISECONDS;
    }
  });
  collections.observe({ entryTypes: ["gc"] });
  return {
    read() {
      // The timer that measures runs every 20 ms: it is late by what goes beyond.
      const late = (nanoseconds: number): number =>
        Math.max(
          0,
          (Number.isFinite(nanoseconds) ? nanoseconds : 0) / NANOSECONDS - RESOLUTION_MS / MILLISECONDS,
        );
      const { rss, heapUsed } = process.memoryUsage();
      const { user, system } = process.cpuUsage();
      const numbers = {
        delay_p50: late(delay.percentile(50)),
        delay_p99: late(delay.percentile(99)),
        delay_max: late(delay.max),
        residentBytes: rss,
        heapUsedBytes: heapUsed,
        cpuUser: user / MICROSECONDS,
        cpuSystem: system / MICROSECONDS,
        uptime: process.uptime(),
        gcYoung,
        gcOld,
      };
      delay.reset();
      return numbers;
    },
    stop() {
      delay.disable();
      collections.disconnect();
    },
  };
}
