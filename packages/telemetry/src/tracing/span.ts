import type { AttributeName } from "./catalogue.ts";

/** Of a span. Names are those of the catalogue; what is `undefined` is left out. */
export type SpanAttributes = Readonly<Partial<Record<AttributeName, string | number | boolean | undefined>>>;

/** As OpenTelemetry has them. */
export type SpanKind = "internal" | "server" | "client" | "producer" | "consumer";

export interface SpanOptions {
  /** Default `internal`. */
  readonly kind?: SpanKind | undefined;
  readonly attributes?: SpanAttributes | undefined;
  /** `traceparent` of a span that this one has to do with and does not belong to, or belongs to in another way. */
  readonly link?: string | undefined;
  /** When it began, on the clock of `performance.now()`. Default: now. */
  readonly startedAt?: number | undefined;
}

/**
 * One step of something that is traced. Most of what happens is not, and has no span: `Span | undefined` is what travels,
 * and `undefined` costs nothing.
 */
export interface Span {
  /** W3C Trace Context, 55 characters: what another process needs in order to go on. */
  readonly traceparent: string;
  readonly traceId: string;
  readonly spanId: string;
  /** A step of this one. */
  child(name: string, options?: SpanOptions): Span;
  set(attributes: SpanAttributes): void;
  /** Something that happened at one moment. */
  event(name: string): void;
  /** It did not succeed. @param code a short word, never text of a client. */
  fail(code: string): void;
  /** @param at on the clock of `performance.now()`. Default: now. Only the first call counts. */
  end(at?: number): void;
}

/** Something that was not traced, and that it is worth to know of all the same. */
export interface Afterthought extends SpanOptions {
  readonly startedAt: number;
  /** `undefined`: it was only slow. */
  readonly error?: string | undefined;
}

/** Where traces begin and go on. Never throws, and never makes anybody wait. */
export interface Tracer {
  /** What takes longer counts as slow. Milliseconds; `Infinity` where nothing is traced. */
  readonly slowMs: number;
  /**
   * Whether what begins now is traced. To be asked once for each stanza or login; takes a nanosecond or two.
   * @param session full JID of the session. @param to where it goes, as the client said it.
   */
  samples(account: string, session?: string, to?: string): boolean;
  /** Whether somebody asked for the traces of the account, the session, or the address. */
  isForced(account: string, session?: string, to?: string): boolean;
  /** Begins a trace. `undefined` where this process has no exporter. */
  begin(name: string, options?: SpanOptions): Span | undefined;
  /** Goes on with the trace of another process. `undefined` as above, and where it is no valid `traceparent`. */
  resume(traceparent: string, name: string, options?: SpanOptions): Span | undefined;
  /** Keeps what failed or was slow without having been sampled. Not more of it than a bounded number in a second. */
  keep(name: string, what: Afterthought): void;
  /**
   * From now on everything of the account, or of the one session, is traced.
   * @param jid bare or full.
   * @returns whether it is; `false` where nothing is exported, or too many are traced already.
   */
  force(jid: string, forMs: number): boolean;
  /** Sends what waits, and stops. */
  stop(): Promise<void>;
}

/** Traces nothing. */
export const noTracer: Tracer = {
  slowMs: Number.POSITIVE_INFINITY,
  samples: () => false,
  isForced: () => false,
  begin: () => undefined,
  resume: () => undefined,
  keep() {},
  force: () => false,
  async stop() {},
};
