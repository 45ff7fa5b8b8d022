import {
  type Ack,
  type Address,
  channels,
  type FrameMessage,
  type Order,
  type OwnerAddress,
  partitionOf,
} from "@rollcall/contracts";
import { errorCode, type Logger, type Span, type Tracer, withSpan } from "@rollcall/telemetry";
import { BusError } from "../bus-error.ts";
import { arrivalSpan } from "../bus-spans.ts";
import type { Dispatcher, Settled } from "../dispatcher.ts";
import { lineOf, placeFor } from "../places.ts";
import type { OwnerLookup, Serving } from "./ports.ts";

export interface ReceiverOptions {
  readonly processId: string;
  readonly dispatcher: Dispatcher;
  readonly owners: Readonly<Record<OwnerAddress, OwnerLookup>>;
  readonly serving: Readonly<Partial<Record<OwnerAddress, Serving>>>;
  readonly logger: Logger;
  readonly tracer: Tracer;
  /** Called when nothing is under way any more. */
  readonly onIdle: () => void;
  /** Milliseconds of a clock that nobody sets. */
  readonly now: () => number;
}

interface KnownChannel {
  readonly name: string;
  readonly address: Address;
  readonly order?: Order;
}

const byName: ReadonlyMap<string, KnownChannel> = new Map(
  Object.values<KnownChannel>(channels).map((channel) => [channel.name, channel]),
);

export interface Inbound extends Omit<FrameMessage, "seq"> {
  readonly from: string;
}

export type End = (ack: AckBody) => void;
/** `Ack` without its number. */
export type AckBody = Ack extends infer A ? (A extends Ack ? Omit<A, "seq"> : never) : never;

/** Hands what other processes, or this one, send to the handlers here, as far as this process serves the keys. */
export class Receiver {
  readonly #options: ReceiverOptions;
  /** Messages and questions under way, by service and partition. */
  readonly #working = new Map<string, number>();
  readonly #quiet = new Map<string, (() => void)[]>();
  /** Until when partitions that are given away still are of this process. */
  readonly #finishing = new Map<string, number>();
  #underWay = 0;
  /** Messages that were not taken. */
  readonly refused = { fenced: 0, notOwner: 0, malformed: 0 };

  constructor(options: ReceiverOptions) {
    this.#options = options;
  }

  get underWay(): number {
    return this.#underWay;
  }

  /**
   * Calls `end` once, never before this returns.
   * @param blocked partitions of which the sender has to mark the next message as fresh.
   */
  accept(message: Inbound, blocked: Set<string>, end: End): void {
    const channel = byName.get(message.channel);
    if (channel === undefined || message.malformed !== undefined) {
      const { logger } = this.#options;
      this.refused.malformed += 1;
      logger.warn({
        event: "bus.malformed",
        channel: channel?.name ?? "unknown",
        peer: message.from,
        reason: message.malformed ?? "unknown channel",
      });
      later(() => end({ kind: "error", code: "failed" }));
      return;
    }
    if (this.#isFenced(message)) {
      this.refused.fenced += 1;
      later(() => end({ kind: "error", code: "fenced" }));
      return;
    }
    if (channel.address === "node") this.#acceptForNode(channel, message, end);
    else this.#acceptForOwner(channel, channel.address, message, blocked, end);
  }

  /** Whether a message of the partition is under way. */
  isWorking(address: OwnerAddress, partition: number): boolean {
    return this.#working.has(tokenOf(address, partition));
  }

  /**
   * Resolves when no message of the partition is under way.
   * @param finishingMs for so long what they come to counts, though no further ones are taken.
   */
  async quiet(address: OwnerAddress, partition: number, finishingMs: number): Promise<void> {
    const token = tokenOf(address, partition);
    if (!this.#working.has(token)) return;
    const until = this.#options.now() + finishingMs;
    this.#finishing.set(token, until);
    await new Promise<void>((resolve) => {
      const waiting = this.#quiet.get(token);
      if (waiting === undefined) this.#quiet.set(token, [resolve]);
      else waiting.push(resolve);
    });
    if (this.#finishing.get(token) === until) this.#finishing.delete(token);
  }

  #isFenced({ from, acting }: Inbound): boolean {
    if (acting?.partition === undefined) return false;
    const owner = this.#options.owners[acting.address].ownerOf(acting.partition);
    return owner !== undefined && owner.instanceId !== from && owner.epoch > acting.asOf;
  }

  #acceptForNode(channel: KnownChannel, message: Inbound, end: End): void {
    const [nodeId] = message.keys;
    const place = placeFor(channel, nodeId ?? "");
    if (nodeId !== this.#options.processId || !this.#isOpen(place)) {
      this.refused.notOwner += 1;
      later(() => end({ kind: "not-owner", keys: message.keys }));
      return;
    }
    this.#begin(none);
    this.#hand(channel, place, message, message.keys, (ack) => {
      this.#finish(none);
      end(ack);
    });
  }

  #acceptForOwner(
    channel: KnownChannel,
    address: OwnerAddress,
    message: Inbound,
    blocked: Set<string>,
    end: End,
  ): void {
    const serving = this.#options.serving[address];
    const isOpen = this.#isOpen(channel.name);
    // A question keeps no order, so nothing after it has to wait for it.
    const isOrdered = channel.order !== undefined || channel.name === channels.fanOut.name;
    const keys: string[] = [];
    const refused: string[] = [];
    const tokens: string[] = [];
    for (const key of message.keys) {
      const partition = partitionOf(key);
      const token = tokenOf(address, partition);
      if (message.fresh.includes(partition)) blocked.delete(token);
      if (isOpen && serving?.epochOf(partition) !== undefined && !(isOrdered && blocked.has(token))) {
        keys.push(key);
        tokens.push(token);
      } else {
        if (isOrdered) blocked.add(token);
        refused.push(key);
      }
    }
    if (refused.length > 0) this.refused.notOwner += 1;
    if (keys.length === 0) {
      later(() => end({ kind: "not-owner", keys: refused }));
      return;
    }
    this.#begin(tokens);
    const isStillOwner = isOwnersWord(channel) ? this.#stillOwner(address, keys[0] ?? "") : undefined;
    this.#hand(channel, channel.name, message, keys, (outcome) => {
      const ack: AckBody = isStillOwner?.() === false ? { kind: "not-owner", keys: message.keys } : outcome;
      this.#finish(tokens);
      if (ack.kind === "not-owner") {
        if (isOrdered) for (const token of tokens) blocked.add(token);
        end({ kind: "not-owner", keys: message.keys });
      } else if (ack.kind === "done" && refused.length > 0) end({ kind: "not-owner", keys: refused });
      else end(ack);
    });
  }

  /** To be asked later: whether the partition of the key was this process's from now on without a break. */
  #stillOwner(address: OwnerAddress, key: string): () => boolean {
    const { now, serving } = this.#options;
    const partition = partitionOf(key);
    const epoch = serving[address]?.epochOf(partition);
    return () => {
      if (serving[address]?.epochOf(partition) === epoch) return true;
      return now() < (this.#finishing.get(tokenOf(address, partition)) ?? Number.NEGATIVE_INFINITY);
    };
  }

  #isOpen(place: string): boolean {
    const { dispatcher } = this.#options;
    return dispatcher.isConsumed(place) || dispatcher.questionHandler(place) !== undefined;
  }

  #hand(channel: KnownChannel, place: string, message: Inbound, keys: readonly string[], ended: End): void {
    const { dispatcher } = this.#options;
    const { from, id, acting } = message;
    const answer = dispatcher.questionHandler(place);
    const messageId = `${from}/${id}`;
    const span =
      message.trace === undefined
        ? undefined
        : arrivalSpan(this.#options.tracer, "nats", {
            trace: message.trace,
            channel: channel.name,
            keys,
            id: messageId,
            isQuestion: answer !== undefined,
          });
    const end = span === undefined ? ended : spanEnding(span, ended);
    if (answer !== undefined) {
      const key = keys[0] ?? "";
      Promise.resolve()
        .then(() =>
          span === undefined
            ? answer(key, message.payload)
            : withSpan(span, () => answer(key, message.payload)),
        )
        .then(
          (value) => end({ kind: "answer", answer: value }),
          (error: unknown) => {
            withSpan(span, () => {
              this.#options.logger.debug({ event: "bus.not-answered", channel: channel.name, error });
            });
            span?.fail(errorCode(error));
            const fenced = error instanceof BusError && error.code === "fenced";
            end(fenced ? { kind: "not-owner", keys } : { kind: "error", code: "failed" });
          },
        );
      return;
    }
    dispatcher.take({
      place,
      line: lineOf({ address: channel.address, order: channel.order ?? "start" }, place),
      serial: channel.order === "serial",
      keys,
      payload: message.payload,
      span,
      meta: { id: messageId, from, asOf: acting?.asOf ?? 0 },
      settle: (settled) => end(ackOf(settled, channel.address, keys)),
    });
  }

  #begin(tokens: readonly string[]): void {
    this.#underWay += 1;
    for (const token of tokens) this.#working.set(token, (this.#working.get(token) ?? 0) + 1);
  }

  #finish(tokens: readonly string[]): void {
    this.#underWay -= 1;
    for (const token of tokens) {
      const left = (this.#working.get(token) ?? 1) - 1;
      if (left > 0) {
        this.#working.set(token, left);
        continue;
      }
      this.#working.delete(token);
      const waiting = this.#quiet.get(token);
      this.#quiet.delete(token);
      for (const resolve of waiting ?? []) resolve();
    }
    if (this.#underWay === 0) this.#options.onIdle();
  }
}

const none: readonly string[] = [];

/** Ends the span together with the message. */
function spanEnding(span: Span, end: End): End {
  return (ack) => {
    if (ack.kind === "error") span.fail(ack.code);
    else if (ack.kind === "not-owner") span.fail("not-owner");
    span.end();
    end(ack);
  };
}

/**
 * Whether what comes of a message stands in the state of its owner. From one that has lost the partition meanwhile, since
 * it stood still for instance, the sender must not take that for done: the owner after it knows nothing of it.
 */
function isOwnersWord({ order, name }: KnownChannel): boolean {
  return order === "serial" || (order === undefined && name !== channels.fanOut.name);
}

function tokenOf(address: OwnerAddress, partition: number): string {
  return address === "roster-owner" ? `r${partition}` : `p${partition}`;
}

/** `fenced`: this process acts for somebody whose owner is another by now, so the message is for that one. */
function ackOf(settled: Settled, address: Address, keys: readonly string[]): AckBody {
  switch (settled.kind) {
    case "done":
      return { kind: "done" };
    case "rejected":
      if (settled.reason !== "fenced") return { kind: "done" };
      return address === "node" ? { kind: "error", code: "fenced" } : { kind: "not-owner", keys };
    case "failed":
      return settled.error.code === "no-owner"
        ? { kind: "not-owner", keys }
        : { kind: "error", code: settled.error.code };
  }
}

function later(call: () => void): void {
  queueMicrotask(call);
}
