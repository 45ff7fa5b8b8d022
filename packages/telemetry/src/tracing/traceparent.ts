import { type SpanContext, TraceFlags } from "@opentelemetry/api";

const FORM = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;
const NO_TRACE = "0".repeat(32);
const NO_SPAN = "0".repeat(16);

/** A `traceparent` of W3C Trace Context, version 00. Only what is sampled travels. */
export function formatTraceparent({ traceId, spanId }: SpanContext): string {
  return `00-${traceId}-${spanId}-01`;
}

/** @returns `undefined` for anything that is not one. */
export function parseTraceparent(text: string): SpanContext | undefined {
  const match = FORM.exec(text);
  if (match === null) return undefined;
  const [, traceId = NO_TRACE, spanId = NO_SPAN] = match;
  if (traceId === NO_TRACE || spanId === NO_SPAN) return undefined;
  return { traceId, spanId, traceFlags: TraceFlags.SAMPLED, isRemote: true };
}
