/**
 * The bus between processes: lanes and questions (`sender.ts`) over links (`link.ts`), and the handlers of this process
 * behind them (`receiver.ts`). Here they meet the connection, the clock and the turns of the event loop.
 */
import type { Msg, NatsConnection } from "@nats-io/transport-node";
import {
  type Channel,
  cutFrame,
  decodeFrame,
  FramePieces,
  lastToken,
  type MulticastChannel,
  type OwnerAddress,
  type QuestionChannel,
  subjects,
} from "@rollcall/contracts";
import { type Logger, noTracer, type Tracer } from "@rollcall/telemetry";
import type { Bus, ConsumeOptions, Consumer, MessageMeta, Outcome, SendOptions } from "../bus.ts";
import { BusError } from "../bus-error.ts";
import { Dispatcher } from "../dispatcher.ts";
import { placeOf } from "../places.ts";
import type { Route } from "./lane.ts";
import { Link } from "./link.ts";
import { LocalRoute } from "./local-route.ts";
import type { OwnerLookup, Serving } from "./ports.ts";
import { Receiver } from "./receiver.ts";
import { Sender } from "./sender.ts";
import { WakingTime } from "./waking-time.ts";

export interface NatsBusOptions {
  readonly connection: NatsConnection;
  /** This process: node id or instance id, new at every start (`createInstanceId` in `runtime`). */
  readonly processId: string;
  readonly logger: Logger;
  /** Goes on with the traces of other processes. Default: none. */
  readonly tracer?: Tracer | undefined;
  /** Who owns what, for what is sent. */
  readonly owners: Readonly<Record<OwnerAddress, OwnerLookup>>;
  /** What this process takes messages for; nothing for a connection node. */
  readonly serving?: Readonly<Partial<Record<OwnerAddress, Serving>>> | undefined;
  /** Unfinished messages, in and out each, before `queue-full`. Default 200,000. */
  readonly queueLimit?: number | undefined;
  /** UTF-16 units of unfinished outgoing messages before `queue-full`. Default 128 Mi. */
  readonly queueSize?: number | undefined;
  /** Messages waiting for one key before `queue-full`. Default 1,000. */
  readonly keyLimit?: number | undefined;
  /** How often a handler is tried before `gave-up`. Default 40. */
  readonly attempts?: number | undefined;
  /** Wait before a message is tried again whose handler threw. Default 50 ms. */
  readonly retryMs?: number | undefined;
  /** How long a message waits for an owner; more than the TTL of a lease. Default 20,000 ms. */
  readonly ownerPatienceMs?: number | undefined;
  /**
   * How long the process of a node may not be found before `no-owner`. Default 6,000 ms: owners take a node for dead after
   * 5 s, and one that is only late, as after a restart of NATS, must lose nothing.
   */
  readonly nodePatienceMs?: number | undefined;
}

export interface NatsBus extends Bus {
  /** What keeps messages from moving; empty when they do. */
  notReady(): readonly string[];
  /** Messages and questions to others whose end is not known. */
  readonly waiting: number;
  /** For how long the oldest message to others has waited for its end. Milliseconds; 0 when there is none. */
  readonly oldestMs: number;
  /** Numbers since the start. */
  readonly counters: NatsBusCounters;
  /** What its handlers had to do, for the area `bus-handlers`. */
  handlerNumbers(): object;
  /** What waits for others, and what was refused, for the area `bus-lanes`. */
  laneNumbers(): object;
  /** After `drain`: what is not settled fails, and nothing is taken any more. The connection stays open. */
  close(): Promise<void>;
}

export interface NatsBusCounters {
  framesOut: number;
  framesIn: number;
  framesMalformed: number;
  bounces: number;
  unitsOut: number;
}

const TICK_MS = 25;
/** What a nats-server takes in one message unless it is told otherwise. */
const DEFAULT_MAX_PAYLOAD = 1_048_576;
/** A silent node is taken for dead after 5 s; what waits for it is given up a little later. */
const NODE_SILENT_MS = 6_000;
/**
 * For how long work that is under way may go on when its partition is given away. Partitions given away together may wait
 * for each other; what is not finished by then, the next owner does.
 */
const FINISHING_MS = 500;
/** How long one message may take with a process that is there. */
const WORKING_MS = 60_000;
/** With NATS away for so long nothing more is taken. */
const AWAY_MS = 5_000;
/** A link that nobody used for so long is forgotten. */
const LINK_KEPT_MS = 300_000;
const REFUSED_LOG_MS = 10_000;

/** Takes messages from now on. */
export function createNatsBus(options: NatsBusOptions): NatsBus {
  const bus = new NatsBusImpl(options);
  bus.start();
  return bus;
}

class NatsBusImpl implements NatsBus {
  readonly counters: NatsBusCounters = {
    framesOut: 0,
    framesIn: 0,
    framesMalformed: 0,
    bounces: 0,
    unitsOut: 0,
  };
  readonly #pieces = new FramePieces();
  #framesCut = 0;
  readonly #options: NatsBusOptions;
  readonly #connection: NatsConnection;
  readonly #processId: string;
  readonly #logger: Logger;
  readonly #dispatcher: Dispatcher;
  readonly #receiver: Receiver;
  readonly #sender: Sender;
  readonly #local: Route;
  readonly #links = new Map<string, Link>();
  readonly #stops: (() => void)[] = [];
  #dirty = new Set<Link>();
  #flushing = false;
  /** For what is waited for. What this process may still do as an owner goes by the clock of its leases. */
  readonly #time = new WakingTime();
  #timer: NodeJS.Timeout | undefined;
  #linksMade = 0;
  #connected = true;
  #awaySince: number | undefined;
  /** How long NATS was away, all times that are over together. */
  #cutOffMs = 0;
  #closed = false;
  #malformedToldAt = Number.NEGATIVE_INFINITY;
  #onIdle: (() => void)[] = [];

  constructor(options: NatsBusOptions) {
    this.#options = options;
    this.#connection = options.connection;
    this.#processId = options.processId;
    this.#logger = options.logger.with({ process: options.processId });
    const queueLimit = options.queueLimit ?? 200_000;
    this.#dispatcher = new Dispatcher({
      logger: this.#logger,
      queueLimit,
      keyLimit: options.keyLimit ?? 1_000,
      attempts: options.attempts ?? 40,
      patienceMs: 0,
      retryMs: options.retryMs ?? 50,
    });
    this.#receiver = new Receiver({
      processId: options.processId,
      dispatcher: this.#dispatcher,
      owners: options.owners,
      serving: options.serving ?? {},
      logger: this.#logger,
      tracer: options.tracer ?? noTracer,
      onIdle: () => this.#tellWhenIdle(),
      now: () => performance.now(),
    });
    this.#local = new LocalRoute(options.processId, this.#receiver);
    const ownerPatienceMs = options.ownerPatienceMs ?? 20_000;
    const nodePatienceMs = options.nodePatienceMs ?? NODE_SILENT_MS;
    const workingMs = Math.max(WORKING_MS, ownerPatienceMs);
    this.#sender = new Sender({
      owners: options.owners,
      now: () => this.#time.now(),
      cutOffMs: () =>
        this.#cutOffMs + (this.#awaySince === undefined ? 0 : this.#time.now() - this.#awaySince),
      routeTo: (processId) => this.#routeTo(processId),
      wake: () => this.#wake(),
      ownerPatience: { unansweredMs: ownerPatienceMs, bouncedMs: ownerPatienceMs, workingMs },
      nodePatience: { unansweredMs: NODE_SILENT_MS, bouncedMs: nodePatienceMs, workingMs },
      queueLimit,
      queueSize: options.queueSize ?? 134_217_728,
    });
  }

  start(): void {
    const inbox = this.#connection.subscribe(subjects.link(this.#processId), {
      callback: (error, message) => {
        if (error === null) this.#receive(message);
      },
    });
    const bounces = this.#connection.subscribe(subjects.bounces(this.#processId), {
      callback: (error, message) => {
        // Nobody else writes here: what comes is "no responders".
        if (error === null) this.#bounced(lastToken(message.subject));
      },
    });
    this.#stops.push(
      () => inbox.unsubscribe(),
      () => bounces.unsubscribe(),
    );
    for (const address of ["roster-owner", "presence-owner"] as const) {
      const serving = this.#options.serving?.[address];
      if (serving === undefined) continue;
      this.#stops.push(
        serving.watch({
          gained() {},
          lost: async (partition, isHandOver) => {
            await this.#finish(address, partition, isHandOver);
            // The ends of what was under way go out before anybody else owns the partition.
            this.#flush();
          },
        }),
      );
    }
    this.#followConnection().catch((error: unknown) => {
      this.#logger.error({ event: "bus.fault", error });
    });
  }

  /** The partition is given away, or lost. Resolves when nothing of it is under way. */
  async #finish(address: OwnerAddress, partition: number, isHandOver: boolean): Promise<void> {
    if (!this.#receiver.isWorking(address, partition)) return;
    const abandon = (): void => this.#sender.abandon(address, partition);
    const timer = isHandOver ? setTimeout(abandon, FINISHING_MS) : undefined;
    if (!isHandOver) abandon();
    await this.#receiver.quiet(address, partition, isHandOver ? FINISHING_MS : 0);
    clearTimeout(timer);
    this.#sender.resume(address, partition);
  }

  handlerNumbers(): object {
    return this.#dispatcher.numbers();
  }

  laneNumbers(): object {
    const { fenced, notOwner, malformed } = this.#receiver.refused;
    return {
      ...this.#sender.numbers(),
      refusedFenced: fenced,
      refusedNotOwner: notOwner,
      refusedMalformed: malformed,
    };
  }

  notReady(): readonly string[] {
    return this.#connected ? [] : ["NATS is not connected"];
  }

  get oldestMs(): number {
    return this.#sender.oldestMs;
  }

  get waiting(): number {
    return this.#sender.unsettled;
  }

  publish<P>(channel: Channel<P>, key: string, payload: P, options?: SendOptions): Promise<void> {
    const refusal = this.#refusal();
    if (refusal !== undefined) return Promise.reject(refusal);
    return this.#whenSettled(this.#sender.publish(channel, key, payload, options));
  }

  multicast<P>(
    channel: MulticastChannel<P>,
    keys: readonly string[],
    payload: P,
    options?: SendOptions,
  ): Promise<void> {
    if (keys.length === 0) return Promise.resolve();
    const refusal = this.#refusal();
    if (refusal !== undefined) return Promise.reject(refusal);
    return this.#whenSettled(this.#sender.multicast(channel, keys, payload, options));
  }

  request<Q, A>(channel: QuestionChannel<Q, A>, key: string, question: Q, timeoutMs = 5_000): Promise<A> {
    const refusal = this.#refusal();
    if (refusal !== undefined) return Promise.reject(refusal);
    return this.#whenSettled(this.#sender.request(channel, key, question, timeoutMs));
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
    if (this.#sender.unsettled > 0 || this.#receiver.underWay > 0) {
      await new Promise<void>((resolve) => this.#onIdle.push(resolve));
    }
    this.#closed = true;
    this.#flush();
    if (this.#connected && !this.#connection.isClosed()) await this.#connection.flush();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#sender.fail(new BusError("closed", "the bus is closed"));
    for (const stop of this.#stops.splice(0)) stop();
    this.#sleep();
  }

  #refusal(): BusError | undefined {
    if (this.#closed) return new BusError("closed", "the bus is closed");
    if (this.#awaySince !== undefined && this.#time.now() - this.#awaySince > AWAY_MS) {
      return new BusError("no-owner", "NATS is not connected");
    }
    return undefined;
  }

  #routeTo(processId: string): Route {
    return processId === this.#processId ? this.#local : this.#link(processId);
  }

  #link(peer: string): Link {
    let link = this.#links.get(peer);
    if (link === undefined) {
      this.#linksMade += 1;
      link = new Link(peer, this.#linksMade, {
        processId: this.#processId,
        connected: () => this.#connected,
        now: () => this.#time.now(),
        publish: (to, frame) => this.#publishFrame(to, frame),
        dirty: (dirty) => this.#markDirty(dirty),
        accept: (from, message, settle) =>
          this.#receiver.accept({ ...message, from: from.peer }, from.blocked, (ack) =>
            settle({ ...ack, seq: message.seq }),
          ),
      });
      this.#links.set(peer, link);
    }
    return link;
  }

  #publishFrame(peer: string, frame: string): void {
    this.counters.framesOut += 1;
    this.counters.unitsOut += frame.length;
    const subject = subjects.link(peer);
    const reply = { reply: subjects.bounce(this.#processId, peer) };
    const most = this.#connection.info?.max_payload ?? DEFAULT_MAX_PAYLOAD;
    try {
      // A character has three bytes at most.
      if (frame.length * 3 <= most) this.#connection.publish(subject, frame, reply);
      else {
        this.#framesCut += 1;
        const pieces = cutFrame(this.#processId, this.#framesCut, Buffer.from(frame), most);
        for (const piece of pieces) this.#connection.publish(subject, piece, reply);
      }
    } catch (error) {
      // As good as lost: the link sends it again.
      this.#logger.warn({ event: "bus.not-published", peer, error });
    }
  }

  #receive(message: Msg): void {
    this.counters.framesIn += 1;
    const piece = this.#pieces.take(message.data);
    if (piece.kind === "incomplete") return;
    const decoded = piece.kind === "malformed" ? piece : decodeFrame(piece.text);
    if (decoded.kind === "malformed") {
      this.counters.framesMalformed += 1;
      const now = performance.now();
      if (now - this.#malformedToldAt < REFUSED_LOG_MS) return;
      this.#malformedToldAt = now;
      this.#logger.warn({ event: "bus.malformed", channel: "frame", reason: decoded.reason });
      return;
    }
    const { frame } = decoded;
    if (frame.from === this.#processId) return;
    this.#link(frame.from).receive(frame);
  }

  #bounced(peer: string): void {
    const link = this.#links.get(peer);
    if (link === undefined) return;
    this.counters.bounces += 1;
    link.bounced();
    this.#sender.bounced(link);
  }

  #markDirty(link: Link): void {
    this.#dirty.add(link);
    if (link.isWaiting) this.#wake();
    if (this.#flushing) return;
    this.#flushing = true;
    setImmediate(() => this.#flush());
  }

  #flush(): void {
    this.#flushing = false;
    const dirty = this.#dirty;
    this.#dirty = new Set();
    for (const link of dirty) link.flush();
  }

  #wake(): void {
    if (this.#timer !== undefined) return;
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
    this.#time.isWatched = true;
  }

  #tick(): void {
    this.#sender.tick();
    let isWaiting = this.#sender.isWaiting;
    const now = this.#time.now();
    for (const link of this.#links.values()) {
      link.tick();
      if (link.isWaiting) isWaiting = true;
      this.#forgetUnused(link, now);
    }
    if (!isWaiting) this.#sleep();
  }

  #sleep(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#time.isWatched = false;
  }

  /** Processes come and go for as long as this one runs. */
  #forgetUnused(link: Link, now: number): void {
    const isDead = link.bouncedSince !== undefined && now - link.bouncedSince > WORKING_MS;
    if (isDead || (!link.isWaiting && now - link.usedAt > LINK_KEPT_MS)) this.#links.delete(link.peer);
  }

  async #followConnection(): Promise<void> {
    for await (const status of this.#connection.status()) {
      if (status.type === "disconnect") {
        this.#connected = false;
        this.#awaySince ??= this.#time.now();
      } else if (status.type === "reconnect") {
        this.#connected = true;
        if (this.#awaySince !== undefined) this.#cutOffMs += this.#time.now() - this.#awaySince;
        this.#awaySince = undefined;
        for (const link of this.#links.values()) link.reconnected();
      }
    }
  }

  async #whenSettled<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } finally {
      this.#tellWhenIdle();
    }
  }

  #tellWhenIdle(): void {
    if (this.#onIdle.length === 0 || this.#sender.unsettled > 0 || this.#receiver.underWay > 0) return;
    const listeners = this.#onIdle;
    this.#onIdle = [];
    for (const listener of listeners) listener();
  }
}
