/**
 * Hands messages to the handlers of this process, in the order that the port promises.
 *
 * Messages wait in one queue that a microtask works off, so a handler never runs inside `take`, and the order of
 * taking is the order of starting. A key is held while its `serial` handler runs, and while a retry is due;
 * what comes for a held key waits in that key's line.
 */
import { type Logger, type Span, withSpan } from "@rollcall/telemetry";
import type { Consumer, MessageMeta, Outcome } from "./bus.ts";
import { BusError } from "./bus-error.ts";
import { type ChannelMetrics, HandlerMetrics } from "./handler-metrics.ts";

export interface DispatcherOptions {
  readonly logger: Logger;
  /** Unfinished messages over all channels before `queue-full`. */
  readonly queueLimit: number;
  /** Messages waiting for one key before `queue-full`. */
  readonly keyLimit: number;
  /** How often a message is tried before `gave-up`. */
  readonly attempts: number;
  /** How long a message waits for somebody to consume its channel before `no-owner`. */
  readonly patienceMs: number;
  /** Wait before a message is tried again whose handler threw. */
  readonly retryMs: number;
}

export type Handler = (
  keys: readonly string[],
  payload: unknown,
  meta: MessageMeta,
) => Outcome | Promise<Outcome>;

export type QuestionHandler = (key: string, question: unknown) => unknown;

/** What became of a message. */
export type Settled =
  | { readonly kind: "done" }
  | { readonly kind: "rejected"; readonly reason: string }
  | { readonly kind: "failed"; readonly error: BusError };

export interface Delivery {
  /** Channel, with the node id where it is addressed to a node. */
  readonly place: string;
  /** Messages of one line share one order per key. */
  readonly line: string;
  readonly serial: boolean;
  readonly keys: readonly string[];
  readonly payload: unknown;
  readonly meta: MessageMeta;
  /** What the handling belongs to, where that is traced. */
  readonly span?: Span | undefined;
  /** Called once. */
  readonly settle: (settled: Settled) => void;
}

interface Job {
  readonly delivery: Delivery;
  readonly line: Line;
  readonly keys: readonly string[];
  attempts: number;
  /** On the clock of `performance`, as are all times here. */
  readonly takenAt: number;
  readonly settle: (settled: Settled) => void;
}

/** What shares one order per key: a serial channel by itself, or everything of one address that starts in order. */
interface Line {
  readonly held: Map<string, Job[]>;
}

interface Desk {
  readonly handle: Handler;
  readonly metrics: ChannelMetrics;
  inFlight: number;
  onIdle: (() => void) | undefined;
}

/** Jobs worked off before sockets and timers get their turn. */
const JOBS_PER_TURN = 2_000;

const isDone: Settled = { kind: "done" };

export class Dispatcher {
  readonly #options: DispatcherOptions;
  readonly #desks = new Map<string, Desk>();
  readonly #lines = new Map<string, Line>();
  readonly #questions = new Map<string, QuestionHandler>();
  readonly #absent = new Map<string, Set<Job>>();
  readonly #metrics = new HandlerMetrics();
  #queue: Job[] = [];
  #scheduled = false;
  #unfinished = 0;
  /** When what ran last ended, which is when the next handler starts: so one reading serves for both. */
  #time = 0;

  constructor(options: DispatcherOptions) {
    this.#options = options;
  }

  /** Messages taken and not settled. */
  get unfinished(): number {
    return this.#unfinished;
  }

  /** For the area `bus-handlers`. */
  numbers(): object {
    const { queueSeconds, handlerSeconds, handled } = this.#metrics;
    let inUnderWay = 0;
    for (const desk of this.#desks.values()) inUnderWay += desk.inFlight;
    const now = performance.now();
    let oldest = this.#queue[0]?.takenAt ?? now;
    for (const { held } of this.#lines.values()) {
      for (const [first] of held.values()) if (first !== undefined) oldest = Math.min(oldest, first.takenAt);
    }
    for (const waiting of this.#absent.values()) {
      for (const { takenAt } of waiting) oldest = Math.min(oldest, takenAt);
    }
    return {
      queueSeconds,
      handlerSeconds,
      handled,
      inWaiting: Math.max(0, this.#unfinished - inUnderWay),
      inUnderWay,
      oldestIn: (now - oldest) / 1_000,
    };
  }

  isConsumed(place: string): boolean {
    return this.#desks.has(place);
  }

  /** Settles at once with `queue-full` when too much is unfinished; otherwise later. */
  take(delivery: Delivery): void {
    if (this.#unfinished >= this.#options.queueLimit) {
      this.#metrics.of(delivery.place).refused();
      delivery.settle(failed("queue-full", "too many unfinished messages"));
      return;
    }
    let line = this.#lines.get(delivery.line);
    if (line === undefined) {
      line = { held: new Map() };
      this.#lines.set(delivery.line, line);
    }
    this.#unfinished += 1;
    const { keys, settle } = delivery;
    this.#push({ delivery, line, keys, attempts: 0, takenAt: performance.now(), settle });
  }

  open(place: string, handle: Handler): Consumer {
    if (this.#desks.has(place)) throw new Error(`${place} is consumed already`);
    const desk: Desk = { handle, metrics: this.#metrics.of(place), inFlight: 0, onIdle: undefined };
    this.#desks.set(place, desk);
    const waiting = this.#absent.get(place);
    this.#absent.delete(place);
    for (const job of waiting ?? []) this.#push(job);
    return {
      drain: async () => {
        this.#desks.delete(place);
        if (desk.inFlight > 0) {
          await new Promise<void>((resolve) => {
            desk.onIdle = resolve;
          });
        }
      },
    };
  }

  answer(place: string, handle: QuestionHandler): Consumer {
    if (this.#questions.has(place)) throw new Error(`${place} is answered already`);
    const metrics = this.#metrics.of(place);
    this.#questions.set(place, (key, question) => metrics.answering(() => handle(key, question)));
    return {
      drain: async () => {
        this.#questions.delete(place);
      },
    };
  }

  /** Whoever answers at this place. */
  questionHandler(place: string): QuestionHandler | undefined {
    return this.#questions.get(place);
  }

  #push(job: Job): void {
    this.#queue.push(job);
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => this.#work());
  }

  #work(): void {
    let worked = 0;
    this.#time = performance.now();
    for (;;) {
      const batch = this.#queue;
      this.#queue = [];
      for (const job of batch) this.#dispatch(job);
      worked += batch.length;
      if (this.#queue.length === 0) {
        this.#scheduled = false;
        return;
      }
      if (worked >= JOBS_PER_TURN) {
        setImmediate(() => this.#work());
        return;
      }
    }
  }

  #dispatch(job: Job): void {
    const held = job.line.held;
    if (held.size === 0) {
      this.#run(job);
      return;
    }
    const busy = job.keys.filter((key) => held.has(key));
    if (busy.length === 0) {
      this.#run(job);
      return;
    }
    if (job.keys.length === 1) {
      this.#wait(job);
      return;
    }
    const free = job.keys.filter((key) => !held.has(key));
    const parts = this.#split(
      job,
      free.length === 0 ? busy.map((key) => [key]) : [free, ...busy.map((key) => [key])],
    );
    for (const part of parts) this.#dispatch(part);
  }

  #wait(job: Job): void {
    const waiting = job.line.held.get(job.keys[0] ?? "") as Job[];
    if (waiting.length >= this.#options.keyLimit) {
      this.#metrics.of(job.delivery.place).refused();
      this.#settle(job, failed("queue-full", "too many messages wait for this key"));
    } else waiting.push(job);
  }

  /** Cuts a multicast up where some of its keys are held. The whole is finished when every part is. */
  #split(job: Job, groups: readonly (readonly string[])[]): Job[] {
    let open = groups.length;
    let outcome = isDone;
    const settle = (settled: Settled): void => {
      if (outcome.kind !== "failed" && settled.kind !== "done") outcome = settled;
      open -= 1;
      if (open === 0) job.settle(outcome);
    };
    this.#unfinished += groups.length - 1;
    return groups.map((keys) => ({ ...job, keys, settle }));
  }

  /** Hands a job over. Returns whether its keys stay held. */
  #run(job: Job): boolean {
    const { place, payload, meta, serial, span } = job.delivery;
    const desk = this.#desks.get(place);
    if (desk === undefined) {
      this.#waitForConsumer(job);
      return false;
    }
    job.attempts += 1;
    const startedAt = this.#time;
    if (job.attempts === 1) desk.metrics.waited(job.takenAt, startedAt, span?.traceId);
    let outcome: Outcome | Promise<Outcome>;
    try {
      if (span === undefined) outcome = desk.handle(job.keys, payload, meta);
      else {
        span.event(job.attempts === 1 ? "started" : "started again");
        outcome = withSpan(span, () => desk.handle(job.keys, payload, meta));
      }
    } catch (error) {
      outcome = this.#threw(job, error);
    }
    this.#time = performance.now();
    if (!(outcome instanceof Promise)) return this.#conclude(job, outcome, desk, startedAt);
    desk.inFlight += 1;
    if (serial) this.#hold(job);
    outcome
      .catch((error: unknown) => this.#threw(job, error))
      .then((result) => {
        this.#time = performance.now();
        desk.inFlight -= 1;
        if (desk.inFlight === 0) desk.onIdle?.();
        if (!this.#conclude(job, result, desk, startedAt)) this.#release(job);
      }, ignore);
    return serial;
  }

  #threw(job: Job, error: unknown): Outcome {
    const { place, span } = job.delivery;
    withSpan(span, () => this.#options.logger.error({ event: "bus.handler-failed", channel: place, error }));
    return { kind: "retry", afterMs: this.#options.retryMs };
  }

  /** Returns whether the job is to be tried again, its keys held until then. */
  #conclude(job: Job, outcome: Outcome, { metrics }: Desk, startedAt: number): boolean {
    const isLast = job.attempts >= this.#options.attempts;
    metrics.ended(startedAt, this.#time, outcome, isLast, job.delivery.span?.traceId);
    switch (outcome.kind) {
      case "retry":
        return this.#retry(job, outcome.afterMs);
      case "reject":
        // Nothing is lost where another owner takes the message.
        if (outcome.reason !== "fenced") {
          const { reason } = outcome;
          const { place, span } = job.delivery;
          withSpan(span, () => this.#options.logger.warn({ event: "bus.rejected", channel: place, reason }));
        }
        this.#settle(job, { kind: "rejected", reason: outcome.reason });
        return false;
      case "done":
        this.#settle(job, isDone);
        return false;
    }
  }

  #retry(job: Job, afterMs: number): boolean {
    if (job.attempts >= this.#options.attempts) {
      this.#settle(job, failed("gave-up", `${job.delivery.place}: ${job.attempts} attempts failed`));
      return false;
    }
    this.#hold(job);
    setTimeout(() => {
      this.#time = performance.now();
      if (!this.#run(job)) this.#release(job);
    }, afterMs);
    return true;
  }

  #hold(job: Job): void {
    for (const key of job.keys) if (!job.line.held.has(key)) job.line.held.set(key, []);
  }

  /** Lets what waits for the keys go, up to the next message that holds its key again. */
  #release(job: Job): void {
    const held = job.line.held;
    for (const key of job.keys) {
      const waiting = held.get(key);
      if (waiting === undefined) continue;
      for (;;) {
        const next = waiting.shift();
        if (next === undefined) {
          held.delete(key);
          break;
        }
        if (this.#run(next)) break;
      }
    }
  }

  #waitForConsumer(job: Job): void {
    const { place } = job.delivery;
    const nobody = failed("no-owner", `nobody consumes ${place}`);
    if (this.#options.patienceMs === 0) {
      this.#settle(job, nobody);
      return;
    }
    let waiting = this.#absent.get(place);
    if (waiting === undefined) {
      waiting = new Set();
      this.#absent.set(place, waiting);
    }
    const jobs = waiting;
    jobs.add(job);
    setTimeout(() => {
      if (this.#absent.get(place) === jobs && jobs.delete(job)) this.#settle(job, nobody);
    }, this.#options.patienceMs);
  }

  #settle(job: Job, settled: Settled): void {
    this.#unfinished -= 1;
    job.settle(settled);
  }
}

function failed(code: "queue-full" | "no-owner" | "gave-up", message: string): Settled {
  return { kind: "failed", error: new BusError(code, message) };
}

function ignore(): void {}
