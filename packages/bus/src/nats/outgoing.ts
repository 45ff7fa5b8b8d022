import { type Acting, encodeMessageBody, type OwnerAddress } from "@rollcall/contracts";
import { activeSpan, type Span } from "@rollcall/telemetry";
import { BusError } from "../bus-error.ts";
import { resendSpan, sendSpan } from "../bus-spans.ts";

/** One `publish` or `multicast` of this process until its promise is settled. */
export class Outgoing {
  /** The same at every sending. */
  readonly id: number;
  readonly channel: string;
  readonly payload: unknown;
  readonly acting: Acting | undefined;
  readonly body: string;
  /** On the clock of the bus: what nobody has taken by then is given up. */
  readonly expiresAt: number;
  readonly #settled: (error: BusError | undefined) => void;
  /** What it is a step of. */
  readonly #cause: Span | undefined;
  readonly #span: Span | undefined;
  #again: Span | undefined = undefined;
  #open = 0;
  #isAbandoned = false;
  #failure: BusError | undefined;

  constructor(
    message: {
      readonly id: number;
      readonly channel: string;
      readonly keys: readonly string[];
      readonly payload: unknown;
      readonly acting: Acting | undefined;
    },
    expiresAt: number,
    settled: (error: BusError | undefined) => void,
  ) {
    const { id, channel, keys, payload, acting } = message;
    this.id = id;
    this.channel = channel;
    this.payload = payload;
    this.acting = acting;
    this.body = encodeMessageBody({ id, channel, payload, acting });
    this.#cause = activeSpan();
    this.#span = sendSpan("nats", channel, keys);
    this.expiresAt = expiresAt;
    this.#settled = settled;
  }

  /** What goes along so that the receiver can go on with the trace. */
  get trace(): string | undefined {
    return (this.#again ?? this.#span)?.traceparent;
  }

  /** It came back, or nobody knows what became of it, and it leaves once more. */
  leavesAgain(): void {
    const before = this.#again ?? this.#span;
    if (before === undefined || this.#cause === undefined) return;
    before.event("came back");
    this.#again?.end();
    this.#again = resendSpan("nats", this.#cause, before, this.channel);
  }

  /** The whole is settled when every part is. */
  partOpened(): void {
    this.#open += 1;
  }

  partSettled(error: BusError | undefined): void {
    this.#failure ??= error;
    this.#open -= 1;
    if (this.#open === 0 && !this.#isAbandoned) this.#settle(this.#failure);
  }

  /** Nobody wants to send it any more: what becomes of its parts does not matter. */
  get isAbandoned(): boolean {
    return this.#isAbandoned;
  }

  /** It fails at once. */
  abandon(error: BusError): void {
    if (this.#isAbandoned) return;
    this.#isAbandoned = true;
    this.#settle(error);
  }

  #settle(error: BusError | undefined): void {
    if (error !== undefined) this.#span?.fail(error.code);
    this.#again?.end();
    this.#span?.end();
    this.#settled(error);
  }
}

/** Where messages of one order go: the owner of a partition, or a node. */
export type Destination =
  | { readonly kind: "owner"; readonly address: OwnerAddress; readonly partition: number }
  | { readonly kind: "node"; readonly nodeId: string };

const codes = new Set(["queue-full", "no-owner", "gave-up", "failed", "fenced"]);

/** A refusal as it came from another process. */
export function refusal(code: string, channel: string): BusError {
  const known = codes.has(code)
    ? (code as "queue-full" | "no-owner" | "gave-up" | "failed" | "fenced")
    : "failed";
  return new BusError(known, `${channel} was refused: ${code}`);
}
