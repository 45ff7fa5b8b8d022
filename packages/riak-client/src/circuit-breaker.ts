/**
 *            failures in a row                 time is up, or /ping answers
 *   closed ───────────────────▶ open ──────────────────────────────────────▶ half-open
 *     ▲                          ▲                                             │  │
 *     │                          └────────── the trial failed ─────────────────┘  │
 *     └───────────────────────────────────── the trial succeeded ─────────────────┘
 *
 * While half-open one request at a time is let through as a trial. Time comes in as an argument.
 */
export type BreakerState = "closed" | "open" | "half-open";

export interface BreakerOptions {
  /** Failures in a row that open it. */
  readonly failures: number;
  /** How long it stays open the first time; doubled with each failed trial. Milliseconds. */
  readonly openMs: number;
  readonly maxOpenMs: number;
  /** In [0, 1): spreads the trials of many processes. */
  readonly random: () => number;
}

export class CircuitBreaker {
  readonly #options: BreakerOptions;
  #failures = 0;
  #openings = 0;
  #openUntil: number | undefined;
  #trial = false;

  constructor(options: BreakerOptions) {
    this.#options = options;
  }

  state(now: number): BreakerState {
    if (this.#openUntil === undefined) return "closed";
    return now < this.#openUntil ? "open" : "half-open";
  }

  admits(now: number): boolean {
    if (this.#openUntil === undefined) return true;
    return now >= this.#openUntil && !this.#trial;
  }

  /** A request was let through. `succeeded`, `failed` or `ended` must follow. */
  began(): void {
    if (this.#openUntil !== undefined) this.#trial = true;
  }

  /** @returns whether it was open before. */
  succeeded(): boolean {
    const wasOpen = this.#openUntil !== undefined;
    this.#failures = 0;
    this.#openings = 0;
    this.#openUntil = undefined;
    this.#trial = false;
    return wasOpen;
  }

  /** @returns whether this opened it. */
  failed(now: number): boolean {
    this.#failures++;
    const wasClosed = this.#openUntil === undefined;
    if (wasClosed && this.#failures < this.#options.failures) return false;
    this.#trial = false;
    // Requests that were under way when it opened say nothing new.
    if (this.state(now) === "open") return false;
    const { openMs, maxOpenMs, random } = this.#options;
    const length = Math.min(maxOpenMs, openMs * 2 ** this.#openings);
    this.#openings = Math.min(this.#openings + 1, 30);
    this.#openUntil = now + length * (0.75 + random() / 4);
    return wasClosed;
  }

  /** A request ended in a way that says nothing about the node. */
  ended(): void {
    this.#trial = false;
  }

  /** The node answers a ping: worth a trial now. */
  answered(now: number): void {
    if (this.#openUntil !== undefined) this.#openUntil = Math.min(this.#openUntil, now);
  }
}
