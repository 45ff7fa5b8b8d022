import { processPhases } from "../labels.ts";
import { alone, by, counter, gauge, type MetricSpec } from "./spec.ts";

export const processMetrics: readonly MetricSpec[] = [
  ...(["p50", "p99", "max"] as const).map(
    (which): MetricSpec => ({
      name: `nodejs.eventloop.delay.${which}`,
      kind: "gauge",
      unit: "s",
      help: `How late timers were in the last seconds: ${which}.`,
      from: { process: { [`delay_${which}`]: alone } },
      own: {},
    }),
  ),
  {
    name: "process.memory.usage",
    kind: "gauge",
    unit: "By",
    help: "Resident memory.",
    from: { process: { residentBytes: alone } },
    own: {},
  },
  {
    name: "v8js.memory.heap.used",
    kind: "gauge",
    unit: "By",
    help: "What V8's heap holds.",
    from: { process: { heapUsedBytes: alone } },
    own: {},
  },
  {
    name: "v8js.memory.heap.limit",
    kind: "gauge",
    unit: "By",
    help: "What V8's heap may hold.",
    from: { process: { heapLimitBytes: alone } },
    own: {},
  },
  {
    name: "process.memory.external",
    kind: "gauge",
    unit: "By",
    help: "Memory of buffers, outside of V8's heap.",
    from: { process: { externalBytes: alone } },
    own: {},
  },
  {
    name: "process.cpu.time",
    kind: "counter",
    unit: "s",
    help: "CPU time of all threads.",
    from: { process: by("cpu.mode", { cpuUser: "user", cpuSystem: "system" }) },
    own: {},
  },
  {
    name: "process.uptime",
    kind: "gauge",
    unit: "s",
    help: "Time since the start.",
    from: { process: { uptime: alone } },
    own: {},
  },
  {
    name: "nodejs.eventloop.time",
    kind: "counter",
    unit: "s",
    help: "What the event loop did: working, or waiting for something to do.",
    from: { process: by("nodejs.eventloop.state", { loopActive: "active", loopIdle: "idle" }) },
    own: {},
  },
  {
    name: "v8js.gc.duration",
    kind: "histogram",
    unit: "s",
    help: "Garbage collections.",
    from: {
      process: by("v8js.gc.type", {
        gcMinor: "minor",
        gcMajor: "major",
        gcIncremental: "incremental",
        gcWeakCallbacks: "weakcb",
      }),
    },
    own: {},
  },
  gauge(
    "health",
    "process.phase",
    "1",
    "1 for the phase that the process is in.",
    { phase: alone },
    { phase: processPhases },
  ),
  gauge("health", "process.ready", "1", "Whether the process takes work, as /readyz says.", { ready: alone }),
  gauge("health", "process.draining", "s", "For how long the process has been ending; 0 before.", {
    draining: alone,
  }),
  counter("otlp", "otlp.exports", "{export}", "What was sent to otlp.endpoint.", {
    metricsSent: { signal: "metrics", outcome: "sent" },
    metricsFailed: { signal: "metrics", outcome: "failed" },
  }),
];
