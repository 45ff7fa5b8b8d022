export { createRecordedTracer, type RecordedSpan } from "./recorded-tracer.ts";
