/**
 * What one turn of the event loop has for the connection nodes: gathered per node, sent as one message.
 *
 * A node has one message under way at a time. What comes meanwhile is gathered into the next one, so a node that is slow
 * gets fewer and larger messages, and the order holds when one has to be sent again. Both are bounded: a message in
 * size, what waits for a node in bytes.
 */
import { type Bus, BusError, type SendOptions } from "@rollcall/bus";
import { channels, type NodeDelivery } from "@rollcall/contracts";
import { activeSpan, type Logger, type Span } from "@rollcall/telemetry";
import type { StanzaHalves } from "@rollcall/xmpp";
import type { PresenceCounters } from "../counters.ts";
import { type Cause, type FanOutName, type HandOver, isFenced } from "./cause.ts";

export interface OutboxOptions {
  readonly bus: Pick<Bus, "publish">;
  /** Calls back once what runs now is over. */
  readonly schedule: (flush: () => void) => void;
  readonly sleep: (ms: number) => Promise<void>;
  readonly logger: Logger;
  readonly counters: PresenceCounters;
  /** UTF-16 units that may wait for one node; what comes on top is dropped and counted. */
  readonly nodeLimit?: number;
}

/** Largest message, in UTF-16 units of XML; stays below the payload limit of the bus with room for escapes. */
const MESSAGE_SIZE = 262_144;
const NODE_LIMIT = 67_108_864;
const QUEUE_FULL_RETRIES = 12;
const FIRST_RETRY_MS = 20;
const LONGEST_RETRY_MS = 500;
/** What an item costs beside its text. */
const ITEM_SIZE = 64;
/** How long a message under way keeps whoever caused it waiting: senders must not stand still with a node that does. */
const PATIENCE_MS = 300;
/** For the sessions of many accounts; the node knows whose they are. */
const asOwner: SendOptions = { actingFor: { address: "presence-owner" } };

interface Batch {
  readonly items: NodeDelivery[];
  size: number;
  /** When its first item came, on the clock of `performance`. */
  beganAt: number;
  waiters: ((handedOver: boolean) => void)[];
  /** Each at most once in a row. */
  causes: Cause[];
  /** Of what is traced among the items. */
  spans: Span[];
}

function newBatch(): Batch {
  return { items: [], size: 0, beganAt: 0, waiters: [], causes: [], spans: [] };
}

/** Tells everybody who waits for the batch, once. */
function settle(batch: Batch, outcome: HandOver): void {
  const { waiters } = batch;
  batch.waiters = [];
  for (const resolve of waiters) resolve(outcome === "taken");
  settleCauses(batch, outcome);
  for (const span of batch.spans.splice(0)) {
    if (outcome !== "taken") span.fail(outcome);
    span.end();
  }
}

function settleCauses(batch: Batch, outcome: HandOver): void {
  const { causes } = batch;
  batch.causes = [];
  for (const cause of causes) cause.closed(outcome);
}

export class Outbox {
  readonly #options: OutboxOptions;
  readonly #nodes = new Map<string, NodeOutbox>();
  #dirty: NodeOutbox[] = [];
  #scheduled = false;
  readonly #idle: (() => void)[] = [];

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  /** The outbox of a node; the same object as long as a session is there or something waits for it. */
  node(nodeId: string): NodeOutbox {
    let node = this.#nodes.get(nodeId);
    if (node === undefined) {
      node = new NodeOutbox(nodeId, this, this.#options);
      this.#nodes.set(nodeId, node);
    }
    return node;
  }

  /** Sends what there is. Runs by itself at the end of the turn. */
  flush(): void {
    this.#scheduled = false;
    const dirty = this.#dirty;
    this.#dirty = [];
    for (const node of dirty) node.send();
  }

  /** The node is dead: nothing goes there any more, and nobody waits for it, until a session is there again. */
  abandon(nodeId: string): void {
    this.#nodes.get(nodeId)?.abandon();
  }

  /** Resolves when nothing waits for any node. */
  async drained(): Promise<void> {
    this.flush();
    while ([...this.#nodes.values()].some((node) => node.busy)) {
      await new Promise<void>((resolve) => this.#idle.push(resolve));
    }
  }

  /** For `NodeOutbox`. */
  markDirty(node: NodeOutbox): void {
    this.#dirty.push(node);
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#options.schedule(() => this.flush());
  }

  /** For `NodeOutbox`: forgets a node without sessions, and wakes whoever waits for quiet. */
  settled(node: NodeOutbox): void {
    if (!node.inUse) this.#nodes.delete(node.nodeId);
    if (this.#idle.length === 0) return;
    for (const resolve of this.#idle.splice(0)) resolve();
  }
}

export class NodeOutbox {
  readonly nodeId: string;
  readonly #outbox: Outbox;
  readonly #options: OutboxOptions;
  readonly #limit: number;
  #sessions = 0;
  #collecting: Batch = newBatch();
  #full: Batch[] = [];
  #waitingSize = 0;
  #dirty = false;
  #sending = false;
  #overflowing = false;
  #dead = false;
  #underWay: Batch | undefined = undefined;
  /** What is under way is so for too long; causes do not wait until the node takes something again. */
  #late = false;
  #watching = false;
  // The fan-out that is last in the batch: further recipients of the same stanza join it.
  #halves: StanzaHalves | undefined = undefined;
  #to: string[] = [];
  #handles: number[] = [];

  constructor(nodeId: string, outbox: Outbox, options: OutboxOptions) {
    this.nodeId = nodeId;
    this.#outbox = outbox;
    this.#options = options;
    this.#limit = options.nodeLimit ?? NODE_LIMIT;
  }

  /** Counts a session on this node. */
  retain(): void {
    this.#dead = false;
    this.#sessions += 1;
  }

  release(): void {
    this.#sessions -= 1;
    if (!this.inUse) this.#outbox.settled(this);
  }

  get busy(): boolean {
    return this.#sending || this.#dirty || this.#collecting.items.length > 0;
  }

  get inUse(): boolean {
    return this.#sessions > 0 || this.busy;
  }

  /**
   * Complete stanzas for one session.
   * @param id known to the session if it had them already; `undefined` where a repetition does no harm.
   * @param cause waits until the node has them.
   */
  write(session: number, xml: string, id?: string, cause?: Cause): void {
    if (!this.#admit(xml.length + ITEM_SIZE)) return;
    if (cause !== undefined) this.#keepWaiting(cause);
    this.#halves = undefined;
    const item: NodeDelivery =
      id === undefined ? { kind: "write", session, xml } : { kind: "write", session, xml, id };
    this.#push(activeSpan() === undefined ? item : this.#traced(item));
  }

  /** One of the recipients of a stanza that differs in `to` alone. @param to escaped. @param name the same for all. */
  fanOut(halves: StanzaHalves, to: string, session: number, name?: FanOutName, cause?: Cause): void {
    const joins = this.#halves === halves;
    const size = joins ? to.length + 8 : halves.before.length + halves.after.length + to.length + ITEM_SIZE;
    if (!this.#admit(size)) return;
    if (cause !== undefined) this.#keepWaiting(cause);
    // Admitting may have closed the batch that the fan-out was in.
    if (joins && this.#halves === halves) {
      this.#to.push(to);
      this.#handles.push(session);
      this.#options.counters.deliveriesCoalesced++;
      return;
    }
    this.#halves = halves;
    this.#to = [to];
    this.#handles = [session];
    const { before, after } = halves;
    const item = { kind: "fan-out", before, after, to: this.#to, sessions: this.#handles } as const;
    const named = name === undefined ? item : { ...item, ...name };
    this.#push(activeSpan() === undefined ? named : this.#traced(named));
  }

  /** The item as a step of what runs now, until the node has it. */
  #traced<I extends NodeDelivery>(item: I): I {
    const span = activeSpan()?.child("send node-deliveries", {
      kind: "producer",
      attributes: {
        "messaging.destination.name": channels.nodeDeliveries.name,
        "messaging.operation.type": "send",
        "xmpp.node": this.nodeId,
      },
    });
    if (span === undefined) return item;
    this.#collecting.spans.push(span);
    return { ...item, trace: span.traceparent };
  }

  /** Ends a stream. @param condition of RFC 6120, 4.9.3. */
  close(session: number, condition: string, text: string | undefined): void {
    if (!this.#admit(ITEM_SIZE)) return;
    this.#halves = undefined;
    this.#push({ kind: "close", session, condition, text });
  }

  /**
   * Resolves when the node has taken everything that waits now: `false` if some of it could not be handed over.
   * Called in the same turn as the writes it is about.
   */
  async handedOver(): Promise<boolean> {
    const waiting = [...this.#full, this.#collecting].filter((batch) => batch.items.length > 0);
    const outcomes = await Promise.all(
      waiting.map((batch) => new Promise<boolean>((resolve) => batch.waiters.push(resolve))),
    );
    return outcomes.every(Boolean);
  }

  /** For `Outbox`. */
  abandon(): void {
    this.#dead = true;
    const waiting = [...this.#full, this.#collecting];
    this.#full = [];
    this.#collecting = newBatch();
    this.#halves = undefined;
    for (const batch of waiting) {
      this.#waitingSize -= batch.size;
      this.#options.counters.nodeItemsWaiting -= batch.items.length;
      this.#options.counters.nodeItemsDropped += batch.items.length;
      settle(batch, "lost");
    }
    // What becomes of this one, the bus finds out in its own time.
    if (this.#underWay !== undefined) settle(this.#underWay, "lost");
  }

  /** For `Outbox`. */
  send(): void {
    this.#dirty = false;
    if (this.#sending) return;
    this.#sending = true;
    void this.#sendAll();
  }

  #admit(size: number): boolean {
    if (this.#dead) {
      this.#options.counters.nodeItemsDropped++;
      return false;
    }
    if (this.#waitingSize + size > this.#limit) {
      this.#options.counters.nodeItemsDropped++;
      if (!this.#overflowing) {
        this.#overflowing = true;
        this.#options.logger.error({ event: "presence.outbox-full", node: this.nodeId });
      }
      return false;
    }
    if (this.#collecting.size + size > MESSAGE_SIZE && this.#collecting.items.length > 0) {
      this.#full.push(this.#collecting);
      this.#collecting = newBatch();
      this.#halves = undefined;
    }
    this.#waitingSize += size;
    this.#collecting.size += size;
    if (!this.#dirty) {
      this.#dirty = true;
      if (!this.#sending) this.#outbox.markDirty(this);
    }
    return true;
  }

  #push(item: NodeDelivery): void {
    const { items } = this.#collecting;
    if (items.length === 0) this.#collecting.beganAt = performance.now();
    items.push(item);
    this.#options.counters.nodeItemsWaiting++;
  }

  #keepWaiting(cause: Cause): void {
    if (this.#late) return;
    const { causes } = this.#collecting;
    if (causes[causes.length - 1] === cause) return;
    causes.push(cause);
    cause.opened();
  }

  /** Lets causes go when one message stays under way for too long. */
  async #watch(): Promise<void> {
    this.#watching = true;
    for (;;) {
      const batch = this.#underWay;
      if (batch === undefined || batch.causes.length === 0) break;
      await this.#options.sleep(PATIENCE_MS);
      if (this.#underWay !== batch || batch.causes.length === 0) continue;
      this.#late = true;
      for (const one of [batch, ...this.#full, this.#collecting]) settleCauses(one, "late");
    }
    this.#watching = false;
  }

  async #sendAll(): Promise<void> {
    for (;;) {
      const batch = this.#full.shift() ?? this.#collecting;
      if (batch === this.#collecting) {
        this.#collecting = newBatch();
        this.#halves = undefined;
        this.#dirty = false;
      }
      if (batch.items.length === 0) break;
      this.#underWay = batch;
      if (batch.causes.length > 0 && !this.#watching) void this.#watch();
      const outcome = await this.#sendBatch(batch);
      this.#underWay = undefined;
      const { counters } = this.#options;
      counters.nodeItemsWaiting -= batch.items.length;
      if (outcome === "taken") {
        this.#late = false;
        counters.nodeMessageSeconds.record((performance.now() - batch.beganAt) / 1_000);
      }
      this.#waitingSize -= batch.size;
      if (this.#waitingSize === 0) this.#overflowing = false;
      settle(batch, outcome);
    }
    this.#sending = false;
    this.#outbox.settled(this);
  }

  async #sendBatch(batch: Batch): Promise<HandOver> {
    const { bus, counters, logger, sleep } = this.#options;
    counters.nodeMessages++;
    counters.nodeItems += batch.items.length;
    for (let attempt = 0; ; attempt += 1) {
      try {
        await bus.publish(channels.nodeDeliveries, this.nodeId, { items: batch.items }, asOwner);
        return "taken";
      } catch (error) {
        if (isFenced(error)) {
          counters.fenced++;
          return "fenced";
        }
        const full = error instanceof BusError && error.code === "queue-full";
        if (!full || this.#dead || attempt >= QUEUE_FULL_RETRIES) {
          counters.nodeItemsDropped += batch.items.length;
          // Nothing else was to be expected of a node that is dead.
          if (this.#dead) return "lost";
          counters.nodeFailures++;
          logger.warn({
            event: "presence.node-unreachable",
            node: this.nodeId,
            items: batch.items.length,
            error,
          });
          return "lost";
        }
        await sleep(Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** attempt));
      }
    }
  }
}
