import { createTracer } from "../tracing/create-tracer.ts";
import type { Tracer } from "../tracing/span.ts";

/** A finished span, as far as tests look at it. */
export interface RecordedSpan {
  readonly name: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly traceId: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly isError: boolean;
}

const ERROR_STATUS = 2;

/** A tracer that exports into memory. `spans` stops it, and hands over what it has in the order of the ends. */
export function createRecordedTracer({ ratio = 1, slowMs = 60_000 } = {}): {
  readonly tracer: Tracer;
  spans(): Promise<readonly RecordedSpan[]>;
} {
  const recorded: RecordedSpan[] = [];
  const tracer = createTracer({
    service: "test",
    version: undefined,
    instanceId: "test",
    url: "http://127.0.0.1:9/v1/traces",
    ratio,
    slowMs,
    jids: "plain",
    exporter: {
      export(spans, done) {
        for (const span of spans) {
          recorded.push({
            name: span.name,
            spanId: span.spanContext().spanId,
            traceId: span.spanContext().traceId,
            parentSpanId: span.parentSpanContext?.spanId,
            attributes: span.attributes,
            isError: span.status.code === ERROR_STATUS,
          });
        }
        done({ code: 0 });
      },
      shutdown: async () => {},
    },
  });
  return {
    tracer,
    async spans() {
      await tracer.stop();
      return recorded;
    },
  };
}
