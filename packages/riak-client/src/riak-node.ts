import type { Logger } from "@rollcall/telemetry";
import { Pool } from "undici";
import { type BreakerOptions, type BreakerState, CircuitBreaker } from "./circuit-breaker.ts";
import { type Exchange, exchange } from "./http-exchange.ts";
import { faultOf } from "./response-fault.ts";
import type { RiakRequest } from "./riak-transport.ts";

export interface RiakNodeOptions {
  readonly connections: number;
  readonly maxOutstanding: number;
  readonly connectTimeoutMs: number;
  readonly maxResponseBytes: number;
  readonly breaker: BreakerOptions;
  readonly logger: Logger;
  readonly now: () => number;
}

/** Response headers together: sixteen metadata values of the longest kind, and what Riak adds. */
const MAX_HEADER_BYTES = 128_000;
/** Less than Riak and the usual balancers leave an idle connection open. */
const IDLE_CONNECTION_MS = 10_000;

const PING_TIMEOUT_MS = 1_000;
const PING: RiakRequest = {
  method: "GET",
  path: "/ping",
  headers: { accept: "*/*" },
  body: undefined,
  timeoutMs: PING_TIMEOUT_MS,
};

/** One Riak node: its connections, and whether it is worth asking. */
export class RiakNode {
  /** host:port, without credentials. */
  readonly host: string;
  readonly pool: Pool;
  readonly #authorization: string | undefined;
  readonly #options: RiakNodeOptions;
  readonly #breaker: CircuitBreaker;
  #outstanding = 0;
  #pinging = false;
  #succeededAt = Number.NEGATIVE_INFINITY;
  /** How often it was taken out of use. */
  downs = 0;

  /** @throws {TypeError} for anything but `http(s)://[user:password@]host[:port]`. */
  constructor(url: string, options: RiakNodeOptions) {
    const parsed = URL.canParse(url) ? new URL(url) : undefined;
    if (
      parsed === undefined ||
      !/^https?:$/.test(parsed.protocol) ||
      parsed.pathname !== "/" ||
      parsed.search
    ) {
      throw new TypeError("a Riak host is given as http://host:port");
    }
    this.host = parsed.host;
    this.#authorization = authorizationOf(parsed);
    this.#options = options;
    this.#breaker = new CircuitBreaker(options.breaker);
    this.pool = new Pool(parsed.origin, {
      connections: options.connections,
      pipelining: 1,
      // Each request has its own time limit, over connecting, headers and body.
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: { timeout: options.connectTimeoutMs },
      keepAliveTimeout: IDLE_CONNECTION_MS,
      maxHeaderSize: MAX_HEADER_BYTES,
    });
  }

  /** Requests that have or wait for a connection. */
  get outstanding(): number {
    return this.#outstanding;
  }

  get full(): boolean {
    return this.#outstanding >= this.#options.maxOutstanding;
  }

  state(): BreakerState {
    return this.#breaker.state(this.#options.now());
  }

  admits(): boolean {
    return this.#breaker.admits(this.#options.now());
  }

  /** Asks once and learns from the answer how the node is. */
  async ask(request: RiakRequest, timeoutMs: number): Promise<Exchange> {
    this.#breaker.began();
    const outcome = await this.#exchange(request, timeoutMs);
    const standing = standingOf(outcome);
    if (standing === "good") this.noteSuccess();
    else if (standing === "unknown") this.#breaker.ended();
    else this.noteFailure(standing.trouble);
    return outcome;
  }

  /** Whether the node answers at all. Says nothing good about its data, so it closes no breaker. */
  async ping(): Promise<void> {
    // Traffic tells more than a ping would.
    if (this.#pinging || this.#options.now() - this.#succeededAt < PING_TIMEOUT_MS) return;
    this.#pinging = true;
    const outcome = await this.#exchange(PING, PING_TIMEOUT_MS);
    this.#pinging = false;
    if ("response" in outcome && outcome.response.status === 200) {
      this.#breaker.answered(this.#options.now());
      return;
    }
    if ("failure" in outcome && outcome.failure.code === "closed") return;
    this.noteFailure("ping failed");
  }

  /** For a request that goes over `pool` by itself. The function returned must be called once, when it is over. */
  begin(): () => void {
    this.#breaker.began();
    this.#outstanding++;
    return () => this.#outstanding--;
  }

  noteSuccess(): void {
    this.#succeededAt = this.#options.now();
    if (this.#breaker.succeeded()) this.#options.logger.info({ event: "riak.host-up", host: this.host });
  }

  noteFailure(reason: string): void {
    if (!this.#breaker.failed(this.#options.now())) return;
    this.downs++;
    this.#options.logger.warn({ event: "riak.host-down", host: this.host, reason });
  }

  headersFor(request: RiakRequest): Readonly<Record<string, string>> {
    if (this.#authorization === undefined) return request.headers;
    return { ...request.headers, authorization: this.#authorization };
  }

  close(): Promise<void> {
    return this.pool.destroy();
  }

  #exchange(request: RiakRequest, timeoutMs: number): Promise<Exchange> {
    this.#outstanding++;
    const limits = { timeoutMs, maxResponseBytes: this.#options.maxResponseBytes };
    return exchange(this.pool, request, this.headersFor(request), limits, () => this.#outstanding--);
  }
}

/** What an outcome says about the node. */
function standingOf(outcome: Exchange): "good" | "unknown" | { readonly trouble: string } {
  if ("failure" in outcome) {
    const { code, reason } = outcome.failure;
    if (code === "too-large") return "good";
    return code === "bad-request" || code === "closed" ? "unknown" : { trouble: reason };
  }
  const fault = faultOf(outcome.response);
  if (fault === undefined || !fault.node) return "good";
  return fault.code === "overloaded" ? "unknown" : { trouble: fault.reason };
}

function authorizationOf(url: URL): string | undefined {
  if (url.username === "") return undefined;
  const pair = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  return `Basic ${Buffer.from(pair).toString("base64")}`;
}
