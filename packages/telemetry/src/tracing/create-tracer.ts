import {
  type Attributes,
  type Context,
  type Span as OtelSpan,
  type Tracer as OtelTracer,
  ROOT_CONTEXT,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  trace,
} from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { resourceFromAttributes } from "@opentelemetry/resources";
import {
  AlwaysOnSampler,
  BatchSpanProcessor,
  type SpanExporter,
  TracerProvider,
} from "@opentelemetry/sdk-trace";
import { createStandIn, type JidPolicy } from "../redact.ts";
import { type AttributeName, isJidAttribute } from "./catalogue.ts";
import { Budget, ForcedTraces, RatioSampler } from "./sampling.ts";
import type { Afterthought, Span, SpanAttributes, SpanOptions, Tracer } from "./span.ts";
import { formatTraceparent, parseTraceparent } from "./traceparent.ts";

export interface TracerOptions {
  /** `service.name`. */
  readonly service: string;
  readonly version: string | undefined;
  /** `service.instance.id`: the name of the process on the bus. */
  readonly instanceId: string;
  /** Where spans go (`http://collector:4318/v1/traces`). */
  readonly url: string;
  /** Headers of every export, for authentication. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Which part of all stanzas and logins is traced, 0 to 1. */
  readonly ratio: number;
  /** What takes longer is kept, sampled or not. */
  readonly slowMs: number;
  readonly jids: JidPolicy;
  /** As in `LoggerOptions`. */
  readonly jidsKey?: string | undefined;
  /** In the place of the exporter; for tests. */
  readonly exporter?: SpanExporter | undefined;
  /** How long spans are gathered before they are sent. Default 2,000 ms. */
  readonly gatherMs?: number | undefined;
}

/** Spans that wait to be sent; with a collector that is away, later ones are dropped. */
const QUEUE_LIMIT = 8_192;
const BATCH_LIMIT = 2_048;
const EXPORT_TIMEOUT_MS = 10_000;
/** How long the end of the process may wait for the last export. */
const STOP_MS = 2_000;
/** Accounts and sessions that may be traced by request at a time. */
const FORCED_LIMIT = 1_000;
/** Characters of an attribute: a full JID has 3,071 bytes at most, and a client may send anything as one. */
const VALUE_LIMIT = 3_071;
/** Slow and failed things that are kept in a second. */
const KEPT_PER_SECOND = 50;

const kinds = {
  internal: SpanKind.INTERNAL,
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
} as const;

/** A tracer that sends spans to a collector by OTLP over HTTP, gathered and in the background. */
export function createTracer(options: TracerOptions): Tracer {
  const { service, version, instanceId, url, headers, jids, jidsKey } = options;
  const exporter =
    options.exporter ??
    new OTLPTraceExporter({
      url,
      headers: { ...headers },
      timeoutMillis: EXPORT_TIMEOUT_MS,
    });
  const processor = new BatchSpanProcessor({
    exporter,
    maxQueueSize: QUEUE_LIMIT,
    maxExportBatchSize: BATCH_LIMIT,
    scheduledDelayMillis: options.gatherMs ?? 2_000,
    exportTimeoutMillis: EXPORT_TIMEOUT_MS,
  });
  const provider = new TracerProvider({
    // Who begins a trace has decided already.
    sampler: new AlwaysOnSampler(),
    spanProcessors: [processor],
    resource: resourceFromAttributes({
      "service.name": service,
      "service.instance.id": instanceId,
      ...(version === undefined ? {} : { "service.version": version }),
    }),
  });
  const maker = new SpanMaker(provider.getTracer("rollcall", version), createStandIn(jids, jidsKey));
  return new ExportingTracer(maker, options, () => provider.shutdown());
}

class ExportingTracer implements Tracer {
  readonly slowMs: number;
  readonly #maker: SpanMaker;
  readonly #ratio: RatioSampler;
  readonly #forced = new ForcedTraces(FORCED_LIMIT);
  readonly #kept = new Budget(KEPT_PER_SECOND);
  readonly #shutDown: () => Promise<void>;

  constructor(maker: SpanMaker, { ratio, slowMs }: TracerOptions, shutDown: () => Promise<void>) {
    this.slowMs = slowMs;
    this.#maker = maker;
    this.#ratio = new RatioSampler(ratio, Math.random);
    this.#shutDown = shutDown;
  }

  samples(account: string, session?: string, to?: string): boolean {
    return this.#ratio.sample() || this.isForced(account, session, to);
  }

  isForced(account: string, session?: string, to?: string): boolean {
    if (this.#forced.isEmpty) return false;
    const now = performance.now();
    if (this.#forced.has(account, now)) return true;
    if (session !== undefined && this.#forced.has(session, now)) return true;
    if (to === undefined) return false;
    const slash = to.indexOf("/");
    return this.#forced.has(to, now) || (slash !== -1 && this.#forced.has(to.slice(0, slash), now));
  }

  begin(name: string, options?: SpanOptions): Span {
    return this.#maker.make(ROOT_CONTEXT, name, options);
  }

  resume(traceparent: string, name: string, options?: SpanOptions): Span | undefined {
    const parent = parseTraceparent(traceparent);
    if (parent === undefined) return undefined;
    return this.#maker.make(trace.setSpanContext(ROOT_CONTEXT, parent), name, options);
  }

  keep(name: string, { error, ...options }: Afterthought): void {
    const now = performance.now();
    if (!this.#kept.take(now)) return;
    const span = this.#maker.make(ROOT_CONTEXT, name, options);
    if (error !== undefined) span.fail(error);
    span.end(now);
  }

  force(jid: string, forMs: number): boolean {
    const now = performance.now();
    return this.#forced.add(jid, now + forMs, now);
  }

  async stop(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, STOP_MS);
    });
    // Where the collector does not answer, what it would have got is lost, and nobody waits for it.
    await Promise.race([this.#shutDown().catch(() => {}), patience]);
    clearTimeout(timer);
  }
}

class SpanMaker {
  readonly #tracer: OtelTracer;
  readonly #standIn: (jid: string) => string;

  constructor(tracer: OtelTracer, standIn: (jid: string) => string) {
    this.#tracer = tracer;
    this.#standIn = standIn;
  }

  /** @param offset of the clock; what is made in one process for one trace has the same, or its steps could change places. */
  make(
    parent: Context,
    name: string,
    { kind, attributes, link, startedAt }: SpanOptions = {},
    offset = wallClockOffset(),
  ): Span {
    const linked = link === undefined ? undefined : parseTraceparent(link);
    const span = this.#tracer.startSpan(
      name,
      {
        kind: kinds[kind ?? "internal"],
        ...(attributes === undefined ? {} : { attributes: this.readable(attributes) }),
        ...(linked === undefined ? {} : { links: [{ context: linked }] }),
        startTime: offset + (startedAt ?? performance.now()),
      },
      parent,
    );
    return new RecordedSpan(this, span, parent, offset);
  }

  /** With stand-ins where JIDs are not shown. */
  readable(attributes: SpanAttributes): Attributes {
    const readable: Attributes = {};
    for (const name in attributes) {
      const value = attributes[name as AttributeName];
      if (value === undefined) continue;
      if (typeof value !== "string") readable[name] = value;
      else {
        const text = value.length > VALUE_LIMIT ? value.slice(0, VALUE_LIMIT) : value;
        readable[name] = isJidAttribute(name as AttributeName) ? this.#standIn(text) : text;
      }
    }
    return readable;
  }
}

class RecordedSpan implements Span {
  readonly traceparent: string;
  readonly #maker: SpanMaker;
  readonly #span: OtelSpan;
  readonly #context: SpanContext;
  readonly #parent: Context;
  readonly #offset: number;
  #isOver = false;

  constructor(maker: SpanMaker, span: OtelSpan, parent: Context, offset: number) {
    this.#offset = offset;
    this.#maker = maker;
    this.#span = span;
    this.#parent = parent;
    this.#context = span.spanContext();
    this.traceparent = formatTraceparent(this.#context);
  }

  get traceId(): string {
    return this.#context.traceId;
  }

  get spanId(): string {
    return this.#context.spanId;
  }

  child(name: string, options?: SpanOptions): Span {
    return this.#maker.make(trace.setSpan(this.#parent, this.#span), name, options, this.#offset);
  }

  set(attributes: SpanAttributes): void {
    this.#span.setAttributes(this.#maker.readable(attributes));
  }

  event(name: string): void {
    this.#span.addEvent(name, {}, this.#offset + performance.now());
  }

  fail(code: string): void {
    this.#span.setAttribute("error.type", code);
    this.#span.setStatus({ code: SpanStatusCode.ERROR, message: code });
  }

  end(at: number = performance.now()): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#span.end(this.#offset + at);
  }
}

/** The wall clock may be set: more than this apart, the two clocks are compared anew. */
const DRIFT_MS = 50;
/** A process that lost the processor between two readings cannot compare them. */
const READING_MS = 1;
// Not `performance.timeOrigin`, which is off by as long as the process was held up between two readings when it started.
let offset = Date.now() - performance.now();

/** What makes milliseconds since the epoch, with fractions, of a reading of `performance.now()`. */
function wallClockOffset(): number {
  const before = performance.now();
  const measured = Date.now() - before;
  if (Math.abs(measured - offset) > DRIFT_MS && performance.now() - before < READING_MS) offset = measured;
  return offset;
}
