/**
 * The bus inside one process.
 *
 * Messages wait in one queue that a microtask works off, so a handler never runs inside `publish`, and the order of
 * publishing is the order of starting. A key is held while its `serial` handler runs, and while a retry is due;
 * what comes for a held key waits in that key's line. Payloads are handed over as they are; with `encode` they go
 * through the frame first, which tests use so that nothing survives here that would not survive a wire.
 */
import {
  type Address,
  type Channel,
  checkAnswer,
  decodeFrame,
  encodeFrame,
  encodeMessage,
  encodeMessageBody,
  type MulticastChannel,
  type QuestionChannel,
} from "@rollcall/contracts";
import type { Logger } from "@rollcall/telemetry";
import type { Bus, ConsumeOptions, Consumer, MessageMeta, Outcome } from "./bus.ts";
import { BusError } from "./bus-error.ts";

export interface MemoryBusOptions {
  readonly logger: Logger;
  /** Encodes and decodes every payload. Default false. */
  readonly encode?: boolean | undefined;
  /** Unfinished messages over all channels before `queue-full`. Default 200,000. */
  readonly queueLimit?: number | undefined;
  /** Messages waiting for one key before `queue-full`. Default 1,000. */
  readonly keyLimit?: number | undefined;
  /** How often a message is tried before `gave-up`. Default 40. */
  readonly attempts?: number | undefined;
  /** How long a message waits for somebody to consume its channel before `no-owner`. Default 1,000 ms. */
  readonly patienceMs?: number | undefined;
  /** Wait before a message is tried again whose handler threw. Default 50 ms. */
  readonly retryMs?: number | undefined;
}

type Handler = (keys: readonly string[], payload: unknown) => Outcome | Promise<Outcome>;

interface Job {
  /** Channel, with the node id where it is addressed to a node. */
  readonly place: string;
  readonly line: Line;
  readonly serial: boolean;
  readonly keys: readonly string[];
  readonly payload: unknown;
  attempts: number;
  readonly resolve: () => void;
  readonly reject: (error: BusError) => void;
}

/** What shares one order per key: a serial channel by itself, or everything of one address that starts in order. */
interface Line {
  readonly held: Map<string, Job[]>;
}

interface Desk {
  handle: Handler;
  inFlight: number;
  onIdle: (() => void) | undefined;
}

/** Jobs worked off before sockets and timers get their turn. */
const JOBS_PER_TURN = 2_000;

export function createMemoryBus(options: MemoryBusOptions): Bus {
  return new MemoryBus(options);
}

class MemoryBus implements Bus {
  readonly #options: Required<MemoryBusOptions>;
  readonly #desks = new Map<string, Desk>();
  readonly #lines = new Map<string, Line>();
  readonly #questions = new Map<string, (key: string, question: unknown) => unknown>();
  readonly #absent = new Map<string, Set<Job>>();
  #queue: Job[] = [];
  #scheduled = false;
  #unfinished = 0;
  #asking = 0;
  #sequence = 0;
  #closed = false;
  #onIdle: (() => void)[] = [];

  constructor(options: MemoryBusOptions) {
    this.#options = {
      logger: options.logger,
      encode: options.encode ?? false,
      queueLimit: options.queueLimit ?? 200_000,
      keyLimit: options.keyLimit ?? 1_000,
      attempts: options.attempts ?? 40,
      patienceMs: options.patienceMs ?? 1_000,
      retryMs: options.retryMs ?? 50,
    };
  }

  publish<P>(channel: Channel<P>, key: string, payload: P): Promise<void> {
    const place = channel.address === "node" ? deskName(channel.name, key) : channel.name;
    const serial = channel.order === "serial";
    return this.#enqueue(place, channel.name, serial, serial ? place : channel.address, [key], payload);
  }

  multicast<P>(channel: MulticastChannel<P>, keys: readonly string[], payload: P): Promise<void> {
    if (keys.length === 0) return Promise.resolve();
    return this.#enqueue(channel.name, channel.name, false, channel.address, keys, payload);
  }

  async request<Q, A>(
    channel: QuestionChannel<Q, A>,
    key: string,
    question: Q,
    timeoutMs = 5_000,
  ): Promise<A> {
    if (this.#closed) throw new BusError("closed", "the bus is closed");
    const place = channel.address === "node" ? deskName(channel.name, key) : channel.name;
    const handle = this.#questions.get(place);
    if (handle === undefined) throw new BusError("no-owner", `nobody answers ${channel.name}`);
    const asked = this.#throughTheWire(channel.name, [key], question);
    this.#asking += 1;
    let timer: NodeJS.Timeout | undefined;
    try {
      const answering = Promise.resolve().then(() => handle(key, asked));
      const late = new Promise<never>((_, reject) => {
        timer = setTimeout(() => {
          reject(new BusError("no-answer", `${channel.name} was not answered within ${timeoutMs} ms`));
        }, timeoutMs);
      });
      const answer = await Promise.race([answering, late]);
      return this.#answerThroughTheWire<A>(channel.name, answer);
    } catch (cause) {
      if (cause instanceof BusError) throw cause;
      throw new BusError("failed", `${channel.name} could not be answered`, { cause });
    } finally {
      clearTimeout(timer);
      this.#asking -= 1;
      this.#tellWhenIdle();
    }
  }

  consume<P>(
    channel: Channel<P>,
    options: ConsumeOptions,
    handle: (key: string, payload: P, meta: MessageMeta) => Outcome | Promise<Outcome>,
  ): Consumer {
    const place = placeOf(channel, options);
    return this.#open(place, (keys, payload) => handle(keys[0] ?? "", payload as P, noMeta));
  }

  consumeMulticast<P>(
    channel: MulticastChannel<P>,
    _options: ConsumeOptions,
    handle: (keys: readonly string[], payload: P, meta: MessageMeta) => Outcome | Promise<Outcome>,
  ): Consumer {
    return this.#open(channel.name, (keys, payload) => handle(keys, payload as P, noMeta));
  }

  answer<Q, A>(
    channel: QuestionChannel<Q, A>,
    options: ConsumeOptions,
    handle: (key: string, question: Q) => A | Promise<A>,
  ): Consumer {
    const place = placeOf(channel, options);
    if (this.#questions.has(place)) throw new Error(`${place} is answered already`);
    this.#questions.set(place, (key, question) => handle(key, question as Q));
    return {
      drain: async () => {
        this.#questions.delete(place);
      },
    };
  }

  async drain(): Promise<void> {
    if (this.#unfinished > 0 || this.#asking > 0) {
      await new Promise<void>((resolve) => this.#onIdle.push(resolve));
    }
    this.#closed = true;
  }

  #open(place: string, handle: Handler): Consumer {
    if (this.#desks.has(place)) throw new Error(`${place} is consumed already`);
    const desk: Desk = { handle, inFlight: 0, onIdle: undefined };
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

  #enqueue(
    place: string,
    channel: string,
    serial: boolean,
    lineName: string,
    keys: readonly string[],
    payload: unknown,
  ): Promise<void> {
    if (this.#closed) return Promise.reject(new BusError("closed", "the bus is closed"));
    if (this.#unfinished >= this.#options.queueLimit) {
      return Promise.reject(new BusError("queue-full", "too many unfinished messages"));
    }
    let carried: unknown;
    try {
      carried = this.#throughTheWire(channel, keys, payload);
    } catch (error) {
      return Promise.reject(error);
    }
    let line = this.#lines.get(lineName);
    if (line === undefined) {
      line = { held: new Map() };
      this.#lines.set(lineName, line);
    }
    this.#unfinished += 1;
    const finalLine = line;
    return new Promise<void>((resolve, reject) => {
      this.#push({
        place,
        line: finalLine,
        serial,
        keys,
        payload: carried,
        attempts: 0,
        resolve,
        reject,
      });
    });
  }

  #push(job: Job): void {
    this.#queue.push(job);
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => this.#work());
  }

  #work(): void {
    let worked = 0;
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
      this.#fail(job, new BusError("queue-full", "too many messages wait for this key"));
    } else waiting.push(job);
  }

  /** Cuts a multicast up where some of its keys are held. The whole is finished when every part is. */
  #split(job: Job, groups: readonly (readonly string[])[]): Job[] {
    let open = groups.length;
    let failure: BusError | undefined;
    const partDone = (error?: BusError): void => {
      failure ??= error;
      open -= 1;
      if (open > 0) return;
      if (failure === undefined) job.resolve();
      else job.reject(failure);
    };
    this.#unfinished += groups.length - 1;
    return groups.map((keys) => ({ ...job, keys, resolve: () => partDone(), reject: partDone }));
  }

  /** Hands a job over. Returns whether its keys stay held. */
  #run(job: Job): boolean {
    const desk = this.#desks.get(job.place);
    if (desk === undefined) {
      this.#waitForOwner(job);
      return false;
    }
    job.attempts += 1;
    let outcome: Outcome | Promise<Outcome>;
    try {
      outcome = desk.handle(job.keys, job.payload);
    } catch (error) {
      outcome = this.#threw(job, error);
    }
    if (!(outcome instanceof Promise)) return this.#settle(job, outcome);
    desk.inFlight += 1;
    if (job.serial) this.#hold(job);
    outcome
      .catch((error: unknown) => this.#threw(job, error))
      .then((result) => {
        desk.inFlight -= 1;
        if (desk.inFlight === 0) desk.onIdle?.();
        if (!this.#settle(job, result)) this.#release(job);
      }, ignore);
    return job.serial;
  }

  #threw(job: Job, error: unknown): Outcome {
    this.#options.logger.error({ event: "bus.handler-failed", channel: job.place, error });
    return { kind: "retry", afterMs: this.#options.retryMs };
  }

  /** Returns whether the job is to be tried again, its keys held until then. */
  #settle(job: Job, outcome: Outcome): boolean {
    if (outcome.kind === "retry") {
      if (job.attempts >= this.#options.attempts) {
        this.#fail(job, new BusError("gave-up", `${job.place}: ${job.attempts} attempts failed`));
        return false;
      }
      this.#hold(job);
      setTimeout(() => {
        if (!this.#run(job)) this.#release(job);
      }, outcome.afterMs);
      return true;
    }
    if (outcome.kind === "reject") {
      this.#options.logger.warn({ event: "bus.rejected", channel: job.place, reason: outcome.reason });
    }
    this.#finish(job);
    return false;
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

  #waitForOwner(job: Job): void {
    let waiting = this.#absent.get(job.place);
    if (waiting === undefined) {
      waiting = new Set();
      this.#absent.set(job.place, waiting);
    }
    const jobs = waiting;
    jobs.add(job);
    setTimeout(() => {
      if (this.#absent.get(job.place) !== jobs || !jobs.delete(job)) return;
      this.#fail(job, new BusError("no-owner", `nobody consumes ${job.place}`));
    }, this.#options.patienceMs);
  }

  #finish(job: Job): void {
    this.#unfinished -= 1;
    job.resolve();
    this.#tellWhenIdle();
  }

  #fail(job: Job, error: BusError): void {
    this.#unfinished -= 1;
    job.reject(error);
    this.#tellWhenIdle();
  }

  #tellWhenIdle(): void {
    if (this.#onIdle.length === 0 || this.#unfinished > 0 || this.#asking > 0) return;
    const listeners = this.#onIdle;
    this.#onIdle = [];
    for (const listener of listeners) listener();
  }

  #throughTheWire(channel: string, keys: readonly string[], payload: unknown): unknown {
    if (!this.#options.encode) return payload;
    this.#sequence += 1;
    const id = this.#sequence;
    const body = encodeMessageBody({ id, channel, payload, acting: undefined, trace: undefined });
    const frame = { from: "memory", link: 0, base: id, heard: undefined, probe: undefined };
    const decoded = decodeFrame(encodeFrame(frame, [encodeMessage(id, keys, [], body)], []));
    const message = decoded.kind === "frame" ? decoded.frame.messages[0] : undefined;
    if (message === undefined || message.malformed !== undefined) {
      throw new BusError("failed", `malformed: ${message?.malformed ?? "frame"}`);
    }
    return message.payload;
  }

  #answerThroughTheWire<A>(channel: string, answer: unknown): A {
    if (!this.#options.encode) return answer as A;
    const checked = checkAnswer(channel, JSON.parse(JSON.stringify(answer) ?? "null"));
    if (checked.kind === "malformed") throw new BusError("failed", `malformed: ${checked.reason}`);
    return checked.answer as A;
  }
}

/** Nothing comes twice here, and there is nobody else. */
const noMeta: MessageMeta = { id: undefined, from: undefined, asOf: 0 };

function deskName(channel: string, nodeId: string): string {
  return `${channel} ${nodeId}`;
}

function placeOf(channel: { name: string; address: Address }, options: ConsumeOptions): string {
  if (channel.address !== "node") return channel.name;
  if (options.nodeId === undefined) throw new TypeError(`${channel.name} is consumed for a node id`);
  return deskName(channel.name, options.nodeId);
}

function ignore(): void {}
