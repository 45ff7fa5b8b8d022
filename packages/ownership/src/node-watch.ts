import { type NatsConnection, NoRespondersError, RequestError } from "@nats-io/transport-node";
import { lastToken, subjects } from "@rollcall/contracts";
import type { Logger } from "@rollcall/telemetry";

/** The connection nodes that are there. */
export interface NodeWatch {
  nodes(): readonly string[];
  /** Calls back once for a node that is dead. One that beats again is there again. Returns how to stop. */
  onDead(listener: (nodeId: string) => void): () => void;
  /** Asks the node itself. `false` only when there is no such process. */
  isThere(nodeId: string): Promise<boolean>;
  /** Resolves when every living node has had time to be heard. */
  whenHeard(): Promise<void>;
  stop(): void;
}

export interface NodeWatchOptions {
  readonly connection: NatsConnection;
  readonly logger: Logger;
  /** How often nodes beat. Default 1,000 ms. */
  readonly everyMs?: number | undefined;
  /** Silence after which a node is dead. Default 5,000 ms. */
  readonly deadAfterMs?: number | undefined;
}

const ROLL_CALL_MS = 500;
const PING_TIMEOUT_MS = 1_000;
/** A process that is only late with its connection to NATS is there when it is asked again. */
const ASK_AGAIN_MS = 250;
/** A connection over which NATS answers later than this has brought beats late as well. */
const STALLED_MS = 1_000;
/** Beats late before a node is asked. */
const LATE = 1.6;
/** Answers "no such process" in a row before a node is dead. */
const MISSES = 2;

interface WatchedNode {
  heardAt: number;
  misses: number;
  isAsked: boolean;
}

/** Watches from now on. */
export function createNodeWatch(options: NodeWatchOptions): NodeWatch {
  const watch = new HeartbeatWatch(options);
  watch.start();
  return watch;
}

class HeartbeatWatch implements NodeWatch {
  readonly #connection: NatsConnection;
  readonly #logger: Logger;
  readonly #everyMs: number;
  readonly #deadAfterMs: number;
  readonly #nodes = new Map<string, WatchedNode>();
  readonly #listeners = new Set<(nodeId: string) => void>();
  /** Since when heartbeats can come here; silence before that proves nothing. */
  #listeningSince: number | undefined = performance.now();
  /** Since when the connection is back; whoever was not heard since then may be on its way back too. */
  #backSince = Number.NEGATIVE_INFINITY;
  #heard: Promise<void> | undefined;
  /** When NATS last answered at once. */
  #provenAt: number | undefined;
  #isProving = false;
  #isStopped = false;
  #timer: NodeJS.Timeout | undefined;
  #unsubscribe: (() => void) | undefined;
  #lastTick = performance.now();

  constructor({ connection, logger, everyMs = 1_000, deadAfterMs = 5_000 }: NodeWatchOptions) {
    this.#connection = connection;
    this.#logger = logger;
    this.#everyMs = everyMs;
    this.#deadAfterMs = deadAfterMs;
  }

  start(): void {
    const beats = this.#connection.subscribe(subjects.heartbeats, {
      callback: (error, message) => {
        if (error === null) this.#beat(lastToken(message.subject));
      },
    });
    this.#unsubscribe = () => beats.unsubscribe();
    this.#timer = setInterval(() => this.#tick(), this.#everyMs / 4);
    this.#timer.unref();
    this.#followConnection().catch((error: unknown) => {
      this.#logger.error({ event: "nodes.fault", error });
    });
  }

  nodes(): readonly string[] {
    return [...this.#nodes.keys()];
  }

  onDead(listener: (nodeId: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async isThere(nodeId: string): Promise<boolean> {
    if (await this.#isAnswering(nodeId)) return true;
    await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN_MS));
    return this.#isAnswering(nodeId);
  }

  async #isAnswering(nodeId: string): Promise<boolean> {
    try {
      await this.#connection.request(subjects.instance(nodeId), undefined, { timeout: PING_TIMEOUT_MS });
      return true;
    } catch (error) {
      return !isNoResponders(error);
    }
  }

  whenHeard(): Promise<void> {
    this.#heard ??= this.#callRoll();
    return this.#heard;
  }

  stop(): void {
    this.#isStopped = true;
    clearInterval(this.#timer);
    this.#unsubscribe?.();
    this.#listeners.clear();
  }

  async #callRoll(): Promise<void> {
    if (!this.#connection.isClosed()) this.#connection.publish(subjects.rollCall);
    await new Promise((resolve) => setTimeout(resolve, ROLL_CALL_MS));
  }

  #beat(nodeId: string): void {
    const node = this.#nodes.get(nodeId);
    if (node === undefined) {
      this.#logger.info({ event: "nodes.joined", node: nodeId });
      this.#nodes.set(nodeId, { heardAt: performance.now(), misses: 0, isAsked: false });
    } else {
      node.heardAt = performance.now();
      node.misses = 0;
    }
  }

  #tick(): void {
    const now = performance.now();
    // This process stood still itself: beats may wait in its socket.
    if (now - this.#lastTick > this.#everyMs) this.#listeningSince = this.#listeningSince && now;
    this.#lastTick = now;
    if (this.#listeningSince === undefined) return;
    for (const [nodeId, node] of this.#nodes) {
      const silentMs = now - Math.max(node.heardAt, this.#listeningSince);
      if (silentMs >= this.#deadAfterMs) this.#burySilent(nodeId, node);
      else if (silentMs >= LATE * this.#everyMs && node.heardAt >= this.#backSince && !node.isAsked) {
        this.#ask(nodeId, node);
      }
    }
  }

  #ask(nodeId: string, node: WatchedNode): void {
    node.isAsked = true;
    this.#isAnswering(nodeId).then(
      (isThere) => {
        node.isAsked = false;
        node.misses = isThere ? 0 : node.misses + 1;
        const isDead = node.misses >= MISSES && node.heardAt >= this.#backSince;
        if (isDead && !this.#isStopped && this.#nodes.get(nodeId) === node)
          this.#bury(nodeId, "no responders");
      },
      () => {
        node.isAsked = false;
      },
    );
  }

  /** Silence of one whom nobody could hear proves nothing: NATS itself may stand still, with every connection open. */
  #burySilent(nodeId: string, node: WatchedNode): void {
    if (this.#provenAt !== undefined && performance.now() - this.#provenAt < this.#everyMs) {
      this.#bury(nodeId, "silent");
      return;
    }
    if (this.#isProving) return;
    this.#isProving = true;
    const asked = performance.now();
    const listeningSince = this.#listeningSince;
    this.#connection
      .flush()
      .then(() => {
        const now = performance.now();
        if (now - asked > STALLED_MS) {
          if (this.#listeningSince === listeningSince) this.#listeningSince = now;
          return;
        }
        this.#provenAt = now;
        const isSilent = now - Math.max(node.heardAt, this.#listeningSince ?? now) >= this.#deadAfterMs;
        if (isSilent && !this.#isStopped && this.#nodes.get(nodeId) === node) this.#bury(nodeId, "silent");
      })
      .catch(() => {
        // The connection is lost: whoever is heard when it is back is there.
      })
      .finally(() => {
        this.#isProving = false;
      });
  }

  #bury(nodeId: string, reason: string): void {
    this.#nodes.delete(nodeId);
    this.#logger.warn({ event: "nodes.dead", node: nodeId, reason });
    for (const listener of this.#listeners) {
      try {
        listener(nodeId);
      } catch (error) {
        this.#logger.error({ event: "nodes.fault", error });
      }
    }
  }

  async #followConnection(): Promise<void> {
    for await (const status of this.#connection.status()) {
      if (this.#isStopped) return;
      if (status.type === "disconnect") this.#listeningSince = undefined;
      if (status.type !== "reconnect") continue;
      // Others may need a while to be back.
      this.#backSince = performance.now();
      this.#listeningSince = this.#backSince;
      this.#heard = undefined;
      for (const node of this.#nodes.values()) node.misses = 0;
    }
  }
}

function isNoResponders(error: unknown): boolean {
  return error instanceof NoRespondersError || (error instanceof RequestError && error.isNoResponders());
}
