import type { NatsConnection } from "@nats-io/transport-node";
import type { Logger } from "@rollcall/telemetry";
import { ManifestBucket } from "./manifest-bucket.ts";
import { encodeManifest, type ManifestSession, manifestKey } from "./manifest-records.ts";

export interface ManifestWriterOptions {
  readonly connection: NatsConnection;
  readonly nodeId: string;
  readonly logger: Logger;
  /** Replicas of the bucket, if it has to be made: 3 in production. Default 1. */
  readonly replicas?: number | undefined;
  /** After a write changes are gathered for so long; one that comes later is noted at once. Default 250 ms. */
  readonly everyMs?: number | undefined;
  /** Those of the node that owe something to somebody now. */
  readonly sessionsOf: (partition: number) => readonly ManifestSession[];
}

/** Keeps what this node noted in step with its sessions. */
export interface ManifestWriter {
  /** Costs next to nothing; the partition is noted anew as soon as that is due. */
  changed(partition: number): void;
  /** Resolves when all that changed before is noted, or after `stop`. Does not fail: what fails is tried again. */
  flush(): Promise<void>;
  /** The node ends and owes nobody anything: its notes go, and nothing is noted any more. Like `flush`. */
  clear(): Promise<void>;
  /** Nothing is written any more; what is noted stays. */
  stop(): void;
}

const CONCURRENT_WRITES = 16;
const LONGEST_RETRY_MS = 2_000;
const FAILURE_LOG_MS = 10_000;

export function createManifestWriter(options: ManifestWriterOptions): ManifestWriter {
  return new ManifestWriterImpl(options);
}

/** What waits is a set of partitions, never of changes: it cannot grow while NATS is away. */
class ManifestWriterImpl implements ManifestWriter {
  readonly #options: ManifestWriterOptions;
  readonly #everyMs: number;
  readonly #dirty = new Set<number>();
  /** Partitions of which the bucket may have something. */
  readonly #noted = new Set<number>();
  #bucket: ManifestBucket | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isWriting = false;
  #wroteAt = Number.NEGATIVE_INFINITY;
  #isCleared = false;
  #isStopped = false;
  #failures = 0;
  #failureToldAt = Number.NEGATIVE_INFINITY;
  #onClean: (() => void)[] = [];

  constructor(options: ManifestWriterOptions) {
    this.#options = options;
    this.#everyMs = options.everyMs ?? 250;
  }

  changed(partition: number): void {
    if (this.#isStopped || this.#isCleared) return;
    this.#dirty.add(partition);
    if (this.#isWriting || this.#timer !== undefined) return;
    const pauseMs = Math.max(0, this.#wroteAt + this.#everyMs - performance.now());
    this.#timer = setTimeout(this.#write, pauseMs);
  }

  async flush(): Promise<void> {
    if (this.#isStopped || (this.#dirty.size === 0 && !this.#isWriting)) return;
    const clean = new Promise<void>((resolve) => this.#onClean.push(resolve));
    this.#writeAtOnce();
    await clean;
  }

  clear(): Promise<void> {
    this.#isCleared = true;
    this.#dirty.clear();
    for (const partition of this.#noted) this.#dirty.add(partition);
    return this.flush();
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    this.#dirty.clear();
    this.#tellClean();
  }

  #writeAtOnce(): void {
    if (this.#isWriting) return;
    clearTimeout(this.#timer);
    void this.#write();
  }

  readonly #write = async (): Promise<void> => {
    this.#timer = undefined;
    this.#isWriting = true;
    const began = performance.now();
    const failed = await this.#writeDirty();
    this.#isWriting = false;
    this.#wroteAt = performance.now();
    if (this.#isStopped) return;
    if (this.#dirty.size === 0) {
      this.#tellClean();
      return;
    }
    if (!failed && this.#onClean.length > 0) {
      this.#writeAtOnce();
      return;
    }
    // Half of the time at most goes into notes.
    const pauseMs = failed ? this.#retryMs() : Math.max(this.#everyMs, performance.now() - began);
    this.#timer = setTimeout(this.#write, pauseMs);
  };

  #retryMs(): number {
    return Math.min(this.#everyMs * 2 ** Math.min(this.#failures, 10), LONGEST_RETRY_MS);
  }

  /** @returns whether something failed; that is dirty again. */
  async #writeDirty(): Promise<boolean> {
    const { connection, replicas = 1 } = this.#options;
    const todo = [...this.#dirty];
    this.#dirty.clear();
    try {
      this.#bucket ??= await ManifestBucket.open(connection, replicas);
    } catch (error) {
      for (const partition of todo) this.#dirty.add(partition);
      this.#tellFailure(error);
      return true;
    }
    const bucket = this.#bucket;
    let failed = false;
    const work = async (): Promise<void> => {
      for (let partition = todo.pop(); partition !== undefined; partition = todo.pop()) {
        if (this.#isStopped) return;
        try {
          await this.#note(bucket, partition);
        } catch (error) {
          this.#dirty.add(partition);
          if (!failed) this.#tellFailure(error);
          failed = true;
        }
      }
    };
    await Promise.all(Array.from({ length: CONCURRENT_WRITES }, work));
    if (failed) {
      // The bucket may be lost; opening makes it anew.
      this.#bucket = undefined;
    } else {
      this.#failures = 0;
    }
    return failed;
  }

  async #note(bucket: ManifestBucket, partition: number): Promise<void> {
    const { nodeId, sessionsOf, logger } = this.#options;
    const sessions = this.#isCleared ? [] : sessionsOf(partition);
    const key = manifestKey(nodeId, partition);
    if (sessions.length === 0) {
      if (!this.#noted.has(partition)) return;
      await bucket.remove(key);
      this.#noted.delete(partition);
      return;
    }
    const { value, cut } = encodeManifest(sessions);
    if (cut > 0) logger.warn({ event: "manifest.too-large", partition, sessions: cut });
    // A write that seems to fail may have been done.
    this.#noted.add(partition);
    await bucket.put(key, value);
  }

  #tellFailure(error: unknown): void {
    this.#failures += 1;
    const now = performance.now();
    if (this.#isStopped || now - this.#failureToldAt < FAILURE_LOG_MS) return;
    this.#failureToldAt = now;
    this.#options.logger.warn({ event: "manifest.not-written", partitions: this.#dirty.size, error });
  }

  #tellClean(): void {
    for (const resolve of this.#onClean.splice(0)) resolve();
  }
}
