import { createTracer, noTracer, type Tracer } from "@rollcall/telemetry";
import { type otlpSettings, otlpTarget } from "./otlp-settings.ts";
import type { Service } from "./service.ts";
import { type SettingValues, setting } from "./settings.ts";

/** Settings of what is traced. */
export const traceSettings = {
  "trace.percent": setting.number({
    default: 1,
    min: 0,
    max: 100,
    unit: "%",
    doc: "Which part of all stanzas and logins is traced, if otlp.endpoint is set; errors and slow ones are kept in any case, and rollcall trace traces one account.",
  }),
  "trace.slow_ms": setting.integer({
    default: 1_000,
    min: 1,
    max: 600_000,
    unit: "ms",
    doc: "A stanza or login that takes longer is kept as a span, traced or not.",
  }),
  "trace.jids": setting.choice({
    default: "hashed",
    choices: ["hashed", "plain"],
    doc: "Whether spans show JIDs, or stand-ins made with log.jids_key that keep only the domain.",
  }),
} as const;

export interface ProcessTracing {
  /** `service.name`. */
  readonly service: string;
  readonly version: string | undefined;
  /** Name of the process on the bus. */
  readonly instanceId: string;
}

type TracingSettings = SettingValues<typeof traceSettings & typeof otlpSettings> & {
  readonly "log.jids_key": string | undefined;
};

/** The tracer of a process: one that sends to `otlp.endpoint`, or none. @throws {SettingFault} */
export function createProcessTracer(settings: TracingSettings, process: ProcessTracing): Tracer {
  const target = otlpTarget(settings);
  if (target === undefined) return noTracer;
  return createTracer({
    ...process,
    url: target.tracesUrl,
    headers: target.headers,
    ratio: settings["trace.percent"] / 100,
    slowMs: settings["trace.slow_ms"],
    jids: settings["trace.jids"],
    jidsKey: settings["log.jids_key"],
  });
}

/** To be started first, so that it is stopped last: what is traced until then is sent. */
export function tracingService(tracer: Tracer): Service {
  return {
    name: "tracing",
    async start() {},
    notReady: () => [],
    async drain() {},
    stop: () => tracer.stop(),
  };
}
