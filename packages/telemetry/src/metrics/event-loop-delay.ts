import { monitorEventLoopDelay, performance } from "node:perf_hooks";

/** How late timers were in the last seconds. In seconds. */
export interface EventLoopDelays {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

export interface EventLoopWatch {
  read(): EventLoopDelays;
  stop(): void;
}

const NANOSECONDS = 1e9;
const RESOLUTION = 0.02;
/** Readings that follow each other sooner see the same delays, rather than each taking them away from the next. */
const WINDOW_MS = 10_000;

/** Begins to watch the event loop. */
export function watchEventLoop(): EventLoopWatch {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION * 1_000 });
  delay.enable();
  let windowBegan = performance.now();
  // The timer that measures runs every 20 ms: it is late by what goes beyond.
  const late = (nanoseconds: number): number =>
    Number.isFinite(nanoseconds) ? Math.max(0, nanoseconds / NANOSECONDS - RESOLUTION) : 0;
  return {
    read() {
      const delays = {
        p50: late(delay.percentile(50)),
        p99: late(delay.percentile(99)),
        max: late(delay.max),
      };
      const now = performance.now();
      if (now - windowBegan >= WINDOW_MS) {
        delay.reset();
        windowBegan = now;
      }
      return delays;
    },
    stop: () => delay.disable(),
  };
}
