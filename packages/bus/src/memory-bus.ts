/**
 * The bus inside one process. Payloads are handed over as they are; with `encode` they go through the frame first,
 * which tests use so that nothing survives here that would not survive a wire.
 */
import {
  type Channel,
  checkAnswer,
  decodeFrame,
  encodeFrame,
  encodeMessage,
  encodeMessageBody,
  type MulticastChannel,
  type QuestionChannel,
} from "@rollcall/contracts";
import { errorCode, type Logger, noTracer, type Span, type Tracer, withSpan } from "@rollcall/telemetry";
import type { Bus, ConsumeOptions, Consumer, MessageMeta, Outcome } from "./bus.ts";
import { BusError } from "./bus-error.ts";
import { arrivalSpan, askSpan, sendSpan } from "./bus-spans.ts";
import { Dispatcher, type Settled } from "./dispatcher.ts";
import { lineOf, placeFor, placeOf } from "./places.ts";

export interface MemoryBusOptions {
  readonly logger: Logger;
  /** Goes on with the traces of what is published. Default: none. */
  readonly tracer?: Tracer | undefined;
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

export interface MemoryBus extends Bus {
  /** What its handlers had to do, for the area `bus-handlers`. */
  handlerNumbers(): object;
}

export function createMemoryBus(options: MemoryBusOptions): MemoryBus {
  return new MemoryBusImpl(options);
}

/** Nothing comes twice here, and there is nobody else. */
const noMeta: MessageMeta = { id: undefined, from: undefined, asOf: 0 };

class MemoryBusImpl implements MemoryBus {
  readonly #encode: boolean;
  readonly #dispatcher: Dispatcher;
  readonly #tracer: Tracer;
  #asking = 0;
  #sequence = 0;
  #closed = false;
  #onIdle: (() => void)[] = [];

  constructor(options: MemoryBusOptions) {
    this.#encode = options.encode ?? false;
    this.#tracer = options.tracer ?? noTracer;
    this.#dispatcher = new Dispatcher({
      logger: options.logger,
      queueLimit: options.queueLimit ?? 200_000,
      keyLimit: options.keyLimit ?? 1_000,
      attempts: options.attempts ?? 40,
      patienceMs: options.patienceMs ?? 1_000,
      retryMs: options.retryMs ?? 50,
    });
  }

  handlerNumbers(): object {
    return this.#dispatcher.numbers();
  }

  publish<P>(channel: Channel<P>, key: string, payload: P): Promise<void> {
    const place = placeFor(channel, key);
    return this.#enqueue(
      place,
      channel.name,
      channel.order === "serial",
      lineOf(channel, place),
      [key],
      payload,
    );
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
    const handle = this.#dispatcher.questionHandler(placeFor(channel, key));
    if (handle === undefined) throw new BusError("no-owner", `nobody answers ${channel.name}`);
    const asked = this.#throughTheWire(channel.name, [key], question);
    this.#asking += 1;
    const asking = askSpan("rollcall", channel.name, key);
    const answered = this.#arrival(asking?.traceparent, channel.name, [key], true);
    let timer: NodeJS.Timeout | undefined;
    try {
      const answering = Promise.resolve().then(() =>
        answered === undefined ? handle(key, asked) : withSpan(answered, () => handle(key, asked)),
      );
      const late = new Promise<never>((_, reject) => {
        timer = setTimeout(() => {
          reject(new BusError("no-answer", `${channel.name} was not answered within ${timeoutMs} ms`));
        }, timeoutMs);
      });
      const answer = await Promise.race([answering, late]);
      return this.#answerThroughTheWire<A>(channel.name, answer);
    } catch (cause) {
      answered?.fail(errorCode(cause));
      asking?.fail(errorCode(cause));
      if (cause instanceof BusError) throw cause;
      throw new BusError("failed", `${channel.name} could not be answered`, { cause });
    } finally {
      clearTimeout(timer);
      answered?.end();
      asking?.end();
      this.#asking -= 1;
      this.#tellWhenIdle();
    }
  }

  consume<P>(
    channel: Channel<P>,
    options: ConsumeOptions,
    handle: (key: string, payload: P, meta: MessageMeta) => Outcome | Promise<Outcome>,
  ): Consumer {
    return this.#dispatcher.open(placeOf(channel, options), (keys, payload, meta) =>
      handle(keys[0] ?? "", payload as P, meta),
    );
  }

  consumeMulticast<P>(
    channel: MulticastChannel<P>,
    _options: ConsumeOptions,
    handle: (keys: readonly string[], payload: P, meta: MessageMeta) => Outcome | Promise<Outcome>,
  ): Consumer {
    return this.#dispatcher.open(channel.name, (keys, payload, meta) => handle(keys, payload as P, meta));
  }

  answer<Q, A>(
    channel: QuestionChannel<Q, A>,
    options: ConsumeOptions,
    handle: (key: string, question: Q) => A | Promise<A>,
  ): Consumer {
    return this.#dispatcher.answer(placeOf(channel, options), (key, question) => handle(key, question as Q));
  }

  async drain(): Promise<void> {
    if (this.#dispatcher.unfinished > 0 || this.#asking > 0) {
      await new Promise<void>((resolve) => this.#onIdle.push(resolve));
    }
    this.#closed = true;
  }

  #enqueue(
    place: string,
    channel: string,
    serial: boolean,
    line: string,
    keys: readonly string[],
    payload: unknown,
  ): Promise<void> {
    if (this.#closed) return Promise.reject(new BusError("closed", "the bus is closed"));
    let carried: unknown;
    try {
      carried = this.#throughTheWire(channel, keys, payload);
    } catch (error) {
      return Promise.reject(error);
    }
    const sending = sendSpan("rollcall", channel, keys);
    const span = this.#arrival(sending?.traceparent, channel, keys, false);
    return new Promise<void>((resolve, reject) => {
      const settle = (settled: Settled): void => {
        if (settled.kind === "failed") span?.fail(settled.error.code);
        span?.end();
        sending?.end();
        if (settled.kind === "failed") reject(settled.error);
        else resolve();
        this.#tellWhenIdle();
      };
      this.#dispatcher.take({ place, line, serial, keys, payload: carried, span, meta: noMeta, settle });
    });
  }

  #arrival(
    trace: string | undefined,
    channel: string,
    keys: readonly string[],
    isQuestion: boolean,
  ): Span | undefined {
    if (trace === undefined) return undefined;
    return arrivalSpan(this.#tracer, "rollcall", { trace, channel, keys, id: undefined, isQuestion });
  }

  #tellWhenIdle(): void {
    if (this.#onIdle.length === 0 || this.#dispatcher.unfinished > 0 || this.#asking > 0) return;
    const listeners = this.#onIdle;
    this.#onIdle = [];
    for (const listener of listeners) listener();
  }

  #throughTheWire(channel: string, keys: readonly string[], payload: unknown): unknown {
    if (!this.#encode) return payload;
    this.#sequence += 1;
    const id = this.#sequence;
    const body = encodeMessageBody({ id, channel, payload, acting: undefined });
    const frame = { from: "memory", link: 0, base: id, heard: undefined, probe: undefined };
    const decoded = decodeFrame(encodeFrame(frame, [encodeMessage(id, keys, [], body, undefined)], []));
    const message = decoded.kind === "frame" ? decoded.frame.messages[0] : undefined;
    if (message === undefined || message.malformed !== undefined) {
      throw new BusError("failed", `malformed: ${message?.malformed ?? "frame"}`);
    }
    return message.payload;
  }

  #answerThroughTheWire<A>(channel: string, answer: unknown): A {
    if (!this.#encode) return answer as A;
    const checked = checkAnswer(channel, JSON.parse(JSON.stringify(answer) ?? "null"));
    if (checked.kind === "malformed") throw new BusError("failed", `malformed: ${checked.reason}`);
    return checked.answer as A;
  }
}
