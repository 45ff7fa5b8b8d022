/**
 * Riak over HTTP, from a process to any number of nodes.
 *
 * A request goes to the node with the fewest requests under way among those that are not known to be down. What a
 * node cannot do is asked of the next one: always when nothing can have happened (no connection, a node that is
 * still starting), and for reads, PUT and DELETE also when something may have. A PUT that is repeated with the same
 * context leaves at worst the same value twice, as siblings. Repetitions are few: `attempts` per request, and one for
 * ten requests overall.
 */
import type { Logger } from "@rollcall/telemetry";
import type { BreakerState } from "./circuit-breaker.ts";
import { type Exchange, failureOf, plainHeaders } from "./http-exchange.ts";
import { faultOf } from "./response-fault.ts";
import { RetryBudget } from "./retry-budget.ts";
import { RiakError } from "./riak-error.ts";
import { RiakNode } from "./riak-node.ts";
import type { RiakRequest, RiakResponse, RiakStreamResponse, RiakTransport } from "./riak-transport.ts";

export interface HttpTransportOptions {
  /** `http://host:port` of every node, or of a balancer before them. */
  readonly hosts: readonly string[];
  readonly logger: Logger;
  /** Connections to each host. Default 16. */
  readonly connections?: number | undefined;
  /** Requests that have or wait for a connection to one host before `overloaded`. Default 512. */
  readonly maxOutstanding?: number | undefined;
  /** How often one request is asked at most. Default 3. */
  readonly attempts?: number | undefined;
  /** For one attempt; a request's own time limit is for all of them. Milliseconds. Default 2,500. */
  readonly attemptTimeoutMs?: number | undefined;
  /** Milliseconds. Default 1,000. */
  readonly connectTimeoutMs?: number | undefined;
  /** Longest response that is read into memory. Bytes. Default 32,000,000. */
  readonly maxResponseBytes?: number | undefined;
  /** Longest wait before the first repetition; doubled each time, the actual wait is random up to it. Default 20 ms. */
  readonly backoffMs?: number | undefined;
  /** How often hosts that have not answered lately are pinged. Milliseconds. Default 2,000; 0 for never. */
  readonly healthIntervalMs?: number | undefined;
  /** Failures in a row after which a host is left alone for a while. Default 5. */
  readonly breakerFailures?: number | undefined;
  /** How long, the first time; doubled up to ten times as much. Milliseconds. Default 500. */
  readonly breakerOpenMs?: number | undefined;
  /** Milliseconds; any origin. */
  readonly now?: (() => number) | undefined;
  /** In [0, 1). */
  readonly random?: (() => number) | undefined;
}

export interface HostStatus {
  readonly host: string;
  readonly state: BreakerState;
  readonly outstanding: number;
  readonly downs: number;
}

/** What the transport did so far. Counted up in place. */
export class HttpTransportCounters {
  requests = 0;
  /** Repetitions. */
  retries = 0;
  /** Repetitions that the budget did not allow. */
  retriesRefused = 0;
  /** Requests that found every queue full. */
  overloaded = 0;
  /** Requests that found every host down. */
  noHost = 0;
}

export interface HttpTransport extends RiakTransport {
  readonly counters: HttpTransportCounters;
  hosts(): HostStatus[];
}

/** @throws {TypeError} without hosts, or for one that is not a URL of a host. */
export function createHttpTransport(options: HttpTransportOptions): HttpTransport {
  return new PooledHttpTransport(options);
}

const MAX_BACKOFF_MS = 500;

class PooledHttpTransport implements HttpTransport {
  readonly counters = new HttpTransportCounters();
  readonly #nodes: readonly RiakNode[];
  readonly #budget = new RetryBudget();
  readonly #attempts: number;
  readonly #attemptTimeoutMs: number;
  readonly #backoffMs: number;
  readonly #now: () => number;
  readonly #random: () => number;
  readonly #health: NodeJS.Timeout | undefined;
  readonly #sleepers = new Set<() => void>();
  #turn = 0;
  #closed = false;

  constructor(options: HttpTransportOptions) {
    if (options.hosts.length === 0) throw new TypeError("no Riak host given");
    this.#attempts = options.attempts ?? 3;
    this.#attemptTimeoutMs = options.attemptTimeoutMs ?? 2_500;
    this.#backoffMs = options.backoffMs ?? 20;
    this.#now = options.now ?? (() => performance.now());
    this.#random = options.random ?? Math.random;
    const openMs = options.breakerOpenMs ?? 500;
    const nodeOptions = {
      connections: options.connections ?? 16,
      maxOutstanding: options.maxOutstanding ?? 512,
      connectTimeoutMs: options.connectTimeoutMs ?? 1_000,
      maxResponseBytes: options.maxResponseBytes ?? 32_000_000,
      breaker: {
        failures: options.breakerFailures ?? 5,
        openMs,
        maxOpenMs: openMs * 10,
        random: this.#random,
      },
      logger: options.logger,
      now: this.#now,
    };
    this.#nodes = options.hosts.map((host) => new RiakNode(host, nodeOptions));
    const interval = options.healthIntervalMs ?? 2_000;
    if (interval > 0) {
      this.#health = setInterval(() => {
        for (const node of this.#nodes) void node.ping();
      }, interval);
      this.#health.unref();
    }
  }

  hosts(): HostStatus[] {
    return this.#nodes.map((node) => ({
      host: node.host,
      state: node.state(),
      outstanding: node.outstanding,
      downs: node.downs,
    }));
  }

  async send(request: RiakRequest): Promise<RiakResponse> {
    this.counters.requests++;
    this.#budget.requested();
    const write = request.method !== "GET" && request.method !== "HEAD";
    const deadline = this.#now() + request.timeoutMs;
    let maybeWritten = false;
    let node = this.#pick(undefined);
    if (node instanceof RiakError) throw node;
    for (let attempt = 1; ; attempt++) {
      const timeoutMs = Math.max(1, Math.min(this.#attemptTimeoutMs, deadline - this.#now()));
      const outcome = await node.ask(request, timeoutMs);
      const verdict = verdictOf(outcome);
      const repeatable = verdict.another && (!verdict.performed || request.method !== "POST");
      if (!repeatable || !(await this.#mayRepeat(attempt, deadline)))
        return answerOf(outcome, write, maybeWritten);
      const next = this.#pick(node);
      if (next instanceof RiakError) return answerOf(outcome, write, maybeWritten);
      node = next;
      maybeWritten ||= write && verdict.performed;
    }
  }

  async stream(request: RiakRequest): Promise<RiakStreamResponse> {
    this.counters.requests++;
    this.#budget.requested();
    const deadline = this.#now() + request.timeoutMs;
    let node: RiakNode | undefined;
    for (let attempt = 1; ; attempt++) {
      const next = this.#pick(node);
      if (next instanceof RiakError) throw next;
      node = next;
      const over = node.begin();
      try {
        const { statusCode, headers, body } = await node.pool.request({
          method: request.method,
          path: request.path,
          headers: node.headersFor(request),
          body: request.body ?? null,
          headersTimeout: request.timeoutMs,
          bodyTimeout: request.timeoutMs,
        });
        if (statusCode < 500) node.noteSuccess();
        else node.noteFailure(`listing answered ${statusCode}`);
        return { status: statusCode, headers: plainHeaders(headers), body: pieces(body, over) };
      } catch (cause) {
        over();
        const failure = failureOf(cause, true);
        node.noteFailure(failure.reason);
        if (failure.code !== "unavailable" || !(await this.#mayRepeat(attempt, deadline))) {
          throw new RiakError(failure.code, failure.reason, { cause });
        }
      }
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#health);
    for (const wake of this.#sleepers) wake();
    await Promise.all(this.#nodes.map((node) => node.close()));
  }

  /** The least busy node that is up, another one than last time where there is one. */
  #pick(last: RiakNode | undefined): RiakNode | RiakError {
    if (this.#closed) return new RiakError("closed", "the client is closed");
    let best: RiakNode | undefined;
    let up = false;
    this.#turn = (this.#turn + 1) % this.#nodes.length;
    for (let i = 0; i < this.#nodes.length; i++) {
      const node = this.#nodes[(this.#turn + i) % this.#nodes.length] as RiakNode;
      if (!node.admits()) continue;
      up = true;
      if (node.full) continue;
      if (best === undefined || best === last || (node !== last && node.outstanding < best.outstanding))
        best = node;
    }
    if (best !== undefined) return best;
    if (up) {
      this.counters.overloaded++;
      return new RiakError("overloaded", "too many requests wait for Riak");
    }
    this.counters.noHost++;
    return new RiakError("unavailable", "every Riak host is down");
  }

  /** Waits before a repetition. @returns whether there is to be one. */
  async #mayRepeat(attempt: number, deadline: number): Promise<boolean> {
    if (attempt >= this.#attempts || this.#closed) return false;
    const longest = Math.min(MAX_BACKOFF_MS, this.#backoffMs * 2 ** (attempt - 1));
    const wait = longest * this.#random();
    if (this.#now() + wait >= deadline) return false;
    if (!this.#budget.take()) {
      this.counters.retriesRefused++;
      return false;
    }
    this.counters.retries++;
    await this.#sleep(wait);
    return true;
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        this.#sleepers.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, ms);
      timer.unref();
      this.#sleepers.add(wake);
    });
  }
}

interface Verdict {
  /** Another attempt may do better. */
  readonly another: boolean;
  /** What was asked for may have been done. */
  readonly performed: boolean;
}

function verdictOf(outcome: Exchange): Verdict {
  if ("failure" in outcome) {
    const { code, sent } = outcome.failure;
    return {
      another: code === "unavailable" || code === "timeout" || code === "bad-response",
      performed: sent,
    };
  }
  const fault = faultOf(outcome.response);
  return { another: fault?.node ?? false, performed: fault !== undefined && !fault.refused };
}

/** @throws {RiakError} */
function answerOf(outcome: Exchange, write: boolean, maybeWritten: boolean): RiakResponse {
  if ("response" in outcome) {
    return maybeWritten ? { ...outcome.response, maybeWritten } : outcome.response;
  }
  const { code, reason, cause, sent } = outcome.failure;
  throw new RiakError(code, reason, { cause, maybeWritten: maybeWritten || (write && sent) });
}

async function* pieces(body: AsyncIterable<unknown>, over: () => void): AsyncIterable<Uint8Array> {
  try {
    for await (const chunk of body) yield chunk as Uint8Array;
  } catch (cause) {
    const { code, reason } = failureOf(cause, true);
    throw new RiakError(code, reason, { cause });
  } finally {
    over();
  }
}
