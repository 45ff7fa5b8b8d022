import type { Channel, MulticastChannel, OwnerAddress, QuestionChannel } from "@rollcall/contracts";
import type { BareJid } from "@rollcall/xmpp";

/**
 * Moves typed messages between services.
 *
 * Keys are bare JIDs for channels addressed to an owner, and node ids for channels addressed to a node.
 *
 * - At least once: a handler must tolerate a message it has seen. Every delivery of one message has the same `meta.id`.
 * - Order: messages of one channel and key start in the order they were published, also after a retry;
 *   on a `serial` channel one at a time. Channels of the same address with order `start`, and multicasts, share
 *   one order per key. Different keys overlap.
 * - Never synchronous: a handler runs after `publish` has returned.
 * - Bounded: a full queue refuses with `queue-full`.
 */
export interface Bus {
  /**
   * Resolves once the handler of the owner has said `done` or `reject`.
   * @throws {BusError} `queue-full`, `no-owner`, `gave-up` (retries used up), `fenced`, `closed`.
   */
  publish<P>(channel: Channel<P>, key: string, payload: P, options?: SendOptions): Promise<void>;

  /** One message to each owner, with the keys that it owns. Resolves and fails like `publish`. */
  multicast<P>(
    channel: MulticastChannel<P>,
    keys: readonly string[],
    payload: P,
    options?: SendOptions,
  ): Promise<void>;

  /**
   * Asks one question. For reads and claims: asking again must be harmless, because an answer can get lost.
   * @throws {BusError} `no-answer` after `timeoutMs`, `no-owner`, `closed`; `failed` when the handler threw.
   */
  request<Q, A>(channel: QuestionChannel<Q, A>, key: string, question: Q, timeoutMs?: number): Promise<A>;

  /** Receives what is sent to the keys of this process: its partitions, or `nodeId`. */
  consume<P>(
    channel: Channel<P>,
    options: ConsumeOptions,
    handle: (key: string, payload: P, meta: MessageMeta) => Outcome | Promise<Outcome>,
  ): Consumer;

  consumeMulticast<P>(
    channel: MulticastChannel<P>,
    options: ConsumeOptions,
    handle: (keys: readonly string[], payload: P, meta: MessageMeta) => Outcome | Promise<Outcome>,
  ): Consumer;

  answer<Q, A>(
    channel: QuestionChannel<Q, A>,
    options: ConsumeOptions,
    handle: (key: string, question: Q) => A | Promise<A>,
  ): Consumer;

  /** Refuses new messages and resolves when those under way are finished. */
  drain(): Promise<void>;
}

export interface SendOptions {
  /**
   * The owner in whose name this is sent. A receiver that knows of a later owner refuses it with `fenced`: this process
   * was taken for dead, and must not tell anybody that its work is done. Without `account` it is for several accounts, and the
   * receiver's handler decides by `meta`.
   */
  readonly actingFor?: { readonly address: OwnerAddress; readonly account?: BareJid | undefined } | undefined;
}

/** What a handler may know of a message beside its payload. */
export interface MessageMeta {
  /** The same for every delivery of the message. `undefined` on a bus that never delivers twice. */
  readonly id: string | undefined;
  /** The process that sent it; `undefined` on the bus inside one process. */
  readonly from: string | undefined;
  /** The last revision of its leases that an acting owner had seen when it sent this; 0 from others. */
  readonly asOf: number;
}

export interface ConsumeOptions {
  /** For channels addressed to a node: which one this is. */
  readonly nodeId?: string | undefined;
}

/**
 * What became of a delivery. A handler that throws counts as `retry`. The reason `fenced` of a `reject` says that somebody
 * else owns by now what the message is about: over NATS it goes to that one, and a sender that acts itself is told so.
 */
export type Outcome =
  | { readonly kind: "done" }
  | { readonly kind: "retry"; readonly afterMs: number }
  | { readonly kind: "reject"; readonly reason: string };

export const done: Outcome = { kind: "done" };

export interface Consumer {
  /** Takes no further deliveries and resolves when those in flight are finished. */
  drain(): Promise<void>;
}
