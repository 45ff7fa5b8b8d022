/** One HTTP request to one node, once. */
import { type Dispatcher, errors, type Pool } from "undici";
import type { RiakErrorCode } from "./riak-error.ts";
import type { RiakRequest, RiakResponse } from "./riak-transport.ts";

export type Exchange = { readonly response: RiakResponse } | { readonly failure: ExchangeFailure };

export interface ExchangeFailure {
  readonly code: RiakErrorCode;
  readonly reason: string;
  readonly cause: unknown;
  /** Some of the request may have reached the node. */
  readonly sent: boolean;
}

/** A timer that is so late did not run because the process stood still. */
const STOOD_STILL_MS = 500;
/** For reading what has come meanwhile. */
const AFTER_STANDSTILL_MS = 500;

export interface ExchangeLimits {
  /** From asking to the last byte, waiting for a connection included. A standstill of this process does not count. */
  readonly timeoutMs: number;
  readonly maxResponseBytes: number;
}

/**
 * Never rejects. After a timeout the connection is given up, as its answer would belong to nobody.
 * @param done called once when the connection (or the place in its queue) is free again.
 */
export function exchange(
  pool: Pool,
  request: RiakRequest,
  headers: Readonly<Record<string, string>>,
  limits: ExchangeLimits,
  done: () => void,
): Promise<Exchange> {
  return new Promise((resolve) => {
    const handler = new ExchangeHandler(resolve, done, limits);
    const { method, path, body } = request;
    pool.dispatch({ method, path, headers, body: body ?? null }, handler);
  });
}

class ExchangeHandler implements Dispatcher.DispatchHandler {
  readonly #resolve: (exchange: Exchange) => void;
  readonly #done: () => void;
  readonly #limits: ExchangeLimits;
  #timer: NodeJS.Timeout;
  #dueAt: number;
  readonly #chunks: Buffer[] = [];
  #controller: Dispatcher.DispatchController | undefined;
  #length = 0;
  #status = 0;
  #headers: Readonly<Record<string, string>> = {};
  #settled = false;

  constructor(resolve: (exchange: Exchange) => void, done: () => void, limits: ExchangeLimits) {
    this.#resolve = resolve;
    this.#done = done;
    this.#limits = limits;
    this.#dueAt = performance.now() + limits.timeoutMs;
    this.#timer = setTimeout(timeUp, limits.timeoutMs, this);
    this.#timer.unref();
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#settled) controller.abort(new Error("given up"));
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    // 1xx: the answer is still to come.
    if (status < 200) return;
    this.#status = status;
    this.#headers = plainHeaders(headers);
    if (Number(headers["content-length"]) > this.#limits.maxResponseBytes) this.#tooLarge(controller);
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#length += chunk.length;
    if (this.#length > this.#limits.maxResponseBytes) this.#tooLarge(controller);
    else this.#chunks.push(chunk);
  }

  onResponseEnd(): void {
    const [first] = this.#chunks;
    const body = this.#chunks.length === 1 && first ? first : Buffer.concat(this.#chunks, this.#length);
    this.#settle({ response: { status: this.#status, headers: this.#headers, body } });
    this.#done();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#settle({ failure: failureOf(error, this.#controller !== undefined) });
    this.#done();
  }

  expire(): void {
    const now = performance.now();
    if (now - this.#dueAt > STOOD_STILL_MS) {
      // The answer may be there and unread.
      this.#dueAt = now + AFTER_STANDSTILL_MS;
      this.#timer = setTimeout(timeUp, AFTER_STANDSTILL_MS, this);
      this.#timer.unref();
      return;
    }
    const cause = new Error(`no answer within ${this.#limits.timeoutMs} ms`);
    const sent = this.#controller !== undefined;
    this.#settle({ failure: { code: "timeout", reason: cause.message, cause, sent } });
    this.#controller?.abort(cause);
  }

  #tooLarge(controller: Dispatcher.DispatchController): void {
    const cause = new Error(`response over ${this.#limits.maxResponseBytes} bytes`);
    this.#settle({ failure: { code: "too-large", reason: cause.message, cause, sent: true } });
    controller.abort(cause);
  }

  #settle(outcome: Exchange): void {
    if (this.#settled) return;
    this.#settled = true;
    clearTimeout(this.#timer);
    this.#resolve(outcome);
  }
}

function timeUp(handler: ExchangeHandler): void {
  handler.expire();
}

/** What an error of the HTTP client means. `started`: the request had got a connection. */
export function failureOf(cause: unknown, started: boolean): ExchangeFailure {
  const code = (cause as { code?: unknown } | null)?.code;
  const reason = typeof code === "string" ? code : "connection failed";
  if (cause instanceof errors.InvalidArgumentError) {
    return { code: "bad-request", reason: "request cannot be sent as HTTP", cause, sent: false };
  }
  if (cause instanceof errors.ClientDestroyedError || cause instanceof errors.ClientClosedError) {
    return { code: "closed", reason: "the client was closed", cause, sent: started };
  }
  if (cause instanceof errors.HeadersTimeoutError || cause instanceof errors.BodyTimeoutError) {
    return { code: "timeout", reason, cause, sent: started };
  }
  if (cause instanceof errors.HTTPParserError || cause instanceof errors.HeadersOverflowError) {
    return { code: "bad-response", reason, cause, sent: started };
  }
  return { code: "unavailable", reason, cause, sent: started };
}

/** Header names arrive in lower case; what came several times is one list. */
export function plainHeaders(
  headers: Readonly<Record<string, string | string[] | undefined>>,
): Readonly<Record<string, string>> {
  for (const name in headers) {
    const value = headers[name];
    if (Array.isArray(value)) return { ...(headers as Record<string, string>), ...joined(headers) };
  }
  return headers as Record<string, string>;
}

function joined(headers: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> {
  const lists: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (Array.isArray(value)) lists[name] = value.join(", ");
  }
  return lists;
}
