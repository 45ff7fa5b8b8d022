import { type Ack, checkAnswer, encodeMessageBody } from "@rollcall/contracts";
import type { Span } from "@rollcall/telemetry";
import { BusError } from "../bus-error.ts";
import { askSpan } from "../bus-spans.ts";
import type { Route } from "./lane.ts";
import type { Cargo } from "./link.ts";
import { type Destination, refusal } from "./outgoing.ts";

export interface QuestionPort {
  now(): number;
  route(destination: Destination): Route | undefined;
  settled(question: Question): void;
}

const RETRY_MS = 25;

/** One `request`: asked of whoever owns the key, and asked again of the one after it, until it is answered or late. */
export class Question {
  readonly destination: Destination;
  readonly id: number;
  readonly channel: string;
  readonly payload: unknown;
  readonly #port: QuestionPort;
  readonly #key: string;
  readonly #body: string;
  readonly #timeoutMs: number;
  readonly #deadline: number;
  readonly #resolve: (answer: unknown) => void;
  readonly #reject: (error: BusError) => void;
  readonly #span: Span | undefined;
  #asked: { readonly route: Route; isVoid: boolean } | undefined;
  #retryAt: number | undefined;
  /** Somebody had the question for whom it was. */
  #wasTaken = false;

  constructor(
    port: QuestionPort,
    destination: Destination,
    message: {
      readonly id: number;
      readonly channel: string;
      readonly key: string;
      readonly payload: unknown;
      readonly timeoutMs: number;
    },
    resolve: (answer: unknown) => void,
    reject: (error: BusError) => void,
  ) {
    const { id, channel, key, payload, timeoutMs } = message;
    this.destination = destination;
    this.id = id;
    this.channel = channel;
    this.payload = payload;
    this.#port = port;
    this.#key = key;
    this.#body = encodeMessageBody({ id, channel, payload, acting: undefined });
    this.#span = askSpan("nats", channel, key);
    this.#timeoutMs = timeoutMs;
    this.#deadline = port.now() + timeoutMs;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  ask(): void {
    const route = this.#port.route(this.destination);
    if (route === undefined) {
      this.#retryAt = this.#port.now() + RETRY_MS;
      return;
    }
    const asked = { route, isVoid: false };
    this.#asked = asked;
    if (this.#wasTaken) this.#span?.event("asked again");
    this.#wasTaken = true;
    const cargo: Cargo & { readonly question: Question } = {
      question: this,
      body: this.#body,
      fresh: none,
      trace: this.#span?.traceparent,
      keys: () => (asked.isVoid ? none : [this.#key]),
      acked: (ack) => this.#acked(ack),
    };
    route.send(cargo);
  }

  ownerChanged(): void {
    if (this.#asked !== undefined && this.#port.route(this.destination) === this.#asked.route) return;
    this.#takeBack();
    this.#retryAt = undefined;
    this.ask();
  }

  tick(): void {
    const now = this.#port.now();
    if (now >= this.#deadline) {
      const isThere = this.#wasTaken && this.#asked?.route.bouncedSince === undefined;
      this.#takeBack();
      const error = isThere
        ? new BusError("no-answer", `${this.channel} was not answered within ${this.#timeoutMs} ms`)
        : new BusError("no-owner", `nobody answers ${this.channel}`);
      this.fail(error);
      return;
    }
    if (this.#retryAt === undefined || now < this.#retryAt) return;
    this.#retryAt = undefined;
    this.ask();
  }

  fail(error: BusError): void {
    this.#takeBack();
    this.#span?.fail(error.code);
    this.#span?.end();
    this.#port.settled(this);
    this.#reject(error);
  }

  #takeBack(): void {
    if (this.#asked !== undefined) this.#asked.isVoid = true;
    this.#asked = undefined;
  }

  #acked(ack: Ack): void {
    this.#asked = undefined;
    switch (ack.kind) {
      case "not-owner":
        this.#wasTaken = false;
        this.#retryAt = this.#port.now() + RETRY_MS;
        return;
      case "answer": {
        const checked = checkAnswer(this.channel, ack.answer);
        if (checked.kind === "malformed") {
          this.fail(new BusError("failed", `malformed: ${checked.reason}`));
          return;
        }
        this.#span?.end();
        this.#port.settled(this);
        this.#resolve(checked.answer);
        return;
      }
      case "error":
        this.fail(refusal(ack.code, this.channel));
        return;
      case "done":
        this.fail(new BusError("failed", `${this.channel} got no answer`));
    }
  }
}

const none: readonly never[] = [];
