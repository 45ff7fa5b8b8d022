export { CounterRegistry, type Measured } from "./counters.ts";
export {
  createLogger,
  isForPeople,
  type LogFormat,
  type LoggerOptions,
  type ProcessLogger,
} from "./create-logger.ts";
export { describeLogs } from "./describe-logs.ts";
export { type BoundFields, type LogFieldName, type LogFields, logFields } from "./log-fields.ts";
export { type LogLevel, logAreas } from "./log-levels.ts";
export { type Logger, silentLogger } from "./logger.ts";
export { type MetricSpec, metricCatalogue } from "./metrics/catalogue.ts";
export { fieldsOf } from "./metrics/collect.ts";
export { Counts } from "./metrics/counts.ts";
export {
  createMetrics,
  type Metrics,
  type MetricsOptions,
  type MetricsText,
} from "./metrics/create-metrics.ts";
export { describeMetrics, labelsOf, prometheusName } from "./metrics/describe-metrics.ts";
export { type EventLoopDelays, type EventLoopWatch, watchEventLoop } from "./metrics/event-loop-delay.ts";
export {
  type Exemplar,
  Histogram,
  Histograms,
  longSecondsBounds,
  secondsBounds,
  sizeBounds,
} from "./metrics/histogram.ts";
export {
  channelNames,
  type HandlerOutcome,
  handlerOutcomes,
  type LoginOutcome,
  type LoginPhase,
  loginMechanisms,
  loginOutcomes,
  loginPhases,
  processPhases,
  type RosterOperation,
  type RosterOutcome,
  rosterOperations,
  rosterOutcomes,
  type StanzaKind,
  stanzaKinds,
  type Transport,
  transports,
} from "./metrics/labels.ts";
export { type EventName, events } from "./names.ts";
export { createRedact, type JidPolicy, type Redact } from "./redact.ts";
export { activeSpan, carrySpan, errorCode, withSpan } from "./tracing/active-span.ts";
export { attributeCatalogue, isKnownSpanName, spanCatalogue } from "./tracing/catalogue.ts";
export { createTracer, type TracerOptions } from "./tracing/create-tracer.ts";
export { describeTraces } from "./tracing/describe-traces.ts";
export {
  type Afterthought,
  noTracer,
  type Span,
  type SpanAttributes,
  type SpanKind,
  type SpanOptions,
  type Tracer,
} from "./tracing/span.ts";
