import { type Acting, encodeMessageBody, type OwnerAddress } from "@rollcall/contracts";
import { BusError } from "../bus-error.ts";

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
  #open = 0;
  #isAbandoned = false;
  #failure: BusError | undefined;

  constructor(
    message: {
      readonly id: number;
      readonly channel: string;
      readonly payload: unknown;
      readonly acting: Acting | undefined;
    },
    expiresAt: number,
    settled: (error: BusError | undefined) => void,
  ) {
    this.id = message.id;
    this.channel = message.channel;
    this.payload = message.payload;
    this.acting = message.acting;
    this.body = encodeMessageBody({ ...message, trace: undefined });
    this.expiresAt = expiresAt;
    this.#settled = settled;
  }

  /** The whole is settled when every part is. */
  partOpened(): void {
    this.#open += 1;
  }

  partSettled(error: BusError | undefined): void {
    this.#failure ??= error;
    this.#open -= 1;
    if (this.#open === 0 && !this.#isAbandoned) this.#settled(this.#failure);
  }

  /** Nobody wants to send it any more: what becomes of its parts does not matter. */
  get isAbandoned(): boolean {
    return this.#isAbandoned;
  }

  /** It fails at once. */
  abandon(error: BusError): void {
    if (this.#isAbandoned) return;
    this.#isAbandoned = true;
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
