import { setTimeout as pause } from "node:timers/promises";
import type { NatsConnection } from "@nats-io/transport-node";
import type { Logger } from "@rollcall/telemetry";
import { ManifestBucket, type ManifestChange } from "./manifest-bucket.ts";
import { decodeManifest, type ManifestSession, manifestKey, parseManifestKey } from "./manifest-records.ts";
import { ManifestTable } from "./manifest-table.ts";

export interface ManifestReaderOptions {
  readonly connection: NatsConnection;
  readonly logger: Logger;
  /** Replicas of the bucket, if it has to be made: 3 in production. Default 1. */
  readonly replicas?: number | undefined;
  /** How often it is checked whether changes still come. Default 5,000 ms. */
  readonly checkMs?: number | undefined;
  /** Marks of keys that were removed so long ago are of no use to anybody. Default one hour. */
  readonly markKeptMs?: number | undefined;
}

/** What connection nodes, alive or dead, have noted. */
export interface ManifestReader {
  /** Resolves when all that was there has been seen, once. */
  whenCurrent(): Promise<void>;
  /** Nodes that have noted something of the partition. */
  nodesWith(partition: number): readonly string[];
  /** Empty where nothing is noted. @throws whatever JetStream says, and for what no node wrote. */
  read(nodeId: string, partition: number): Promise<readonly ManifestSession[]>;
  /** @throws whatever JetStream says; asking again is safe. */
  purge(nodeId: string, partition: number): Promise<void>;
  stop(): void;
}

const RETRY_MS = 250;
/** Marks that are removed with one check. */
const MARKS_AT_A_TIME = 32;

/** Follows which keys there are; values are read only when somebody wants them. */
export function createManifestReader(options: ManifestReaderOptions): ManifestReader {
  const reader = new ManifestReaderImpl(options);
  reader.start();
  return reader;
}

class ManifestReaderImpl implements ManifestReader {
  readonly #options: ManifestReaderOptions;
  readonly #table = new ManifestTable();
  #bucket: Promise<ManifestBucket> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #stopCurrent: (() => void) | undefined;
  /** The last revision that is known not to have come, from the check before. */
  #missing = 0;
  #isChecking = false;
  #isStopped = false;
  #isCurrent = false;
  #onCurrent: (() => void)[] = [];

  constructor(options: ManifestReaderOptions) {
    this.#options = options;
  }

  start(): void {
    const { checkMs = 5_000, logger } = this.#options;
    this.#timer = setInterval(() => void this.#check(), checkMs);
    this.#timer.unref();
    this.#follow().catch((error: unknown) => {
      logger.error({ event: "manifest.fault", error });
    });
  }

  async whenCurrent(): Promise<void> {
    if (!this.#isCurrent) await new Promise<void>((resolve) => this.#onCurrent.push(resolve));
  }

  nodesWith(partition: number): readonly string[] {
    return this.#table.nodesWith(partition);
  }

  async read(nodeId: string, partition: number): Promise<readonly ManifestSession[]> {
    const bucket = await this.#open();
    const value = await bucket.read(manifestKey(nodeId, partition));
    return value === undefined ? [] : decodeManifest(value);
  }

  async purge(nodeId: string, partition: number): Promise<void> {
    const bucket = await this.#open();
    await bucket.remove(manifestKey(nodeId, partition));
  }

  stop(): void {
    this.#isStopped = true;
    clearInterval(this.#timer);
    this.#stopCurrent?.();
  }

  #open(): Promise<ManifestBucket> {
    const { connection, replicas = 1 } = this.#options;
    this.#bucket ??= ManifestBucket.open(connection, replicas).catch((error: unknown) => {
      this.#bucket = undefined;
      throw error;
    });
    return this.#bucket;
  }

  async #follow(): Promise<void> {
    const { connection, logger } = this.#options;
    while (!this.#isStopped) {
      try {
        const bucket = await this.#open();
        this.#table.begins();
        const watch = await bucket.watch(
          (change) => this.#seen(change),
          (revision) => this.#caughtUp(revision),
        );
        this.#stopCurrent = watch.stop;
        if (this.#isStopped) watch.stop();
        await watch.ended;
      } catch (error) {
        if (this.#isStopped || connection.isClosed()) return;
        logger.warn({ event: "manifest.unreachable", error });
        // The bucket may be lost; opening makes it anew.
        this.#bucket = undefined;
      }
      this.#stopCurrent = undefined;
      if (!this.#isStopped) await pause(RETRY_MS);
    }
  }

  #seen({ key, ...change }: ManifestChange): void {
    const parsed = parseManifestKey(key);
    this.#table.seen(key, parsed, change);
  }

  #caughtUp(revision: number): void {
    this.#table.caughtUp(revision);
    this.#isCurrent = true;
    for (const resolve of this.#onCurrent.splice(0)) resolve();
  }

  /** A watch whose consumer is gone says nothing for ever: what has not come between two checks never will. */
  async #check(): Promise<void> {
    const { connection, logger, markKeptMs = 3_600_000 } = this.#options;
    if (this.#isChecking || this.#stopCurrent === undefined || connection.isClosed()) return;
    this.#isChecking = true;
    try {
      const bucket = await this.#open();
      const last = await bucket.lastRevision();
      const isBroken = this.#missing > this.#table.revision;
      this.#missing = last > this.#table.revision ? last : 0;
      if (isBroken) {
        this.#missing = 0;
        logger.warn({ event: "manifest.watch-broken" });
        this.#stopCurrent?.();
        return;
      }
      const marks = this.#table.marksBefore(Date.now() - markKeptMs, MARKS_AT_A_TIME);
      await Promise.all(
        marks.map(async ({ key, revision }) => {
          await bucket.removeMark(revision);
          this.#table.markRemoved(key, revision);
        }),
      );
    } catch (error) {
      // Another check follows; what is asked of the bucket meanwhile fails by itself.
      logger.debug({ event: "manifest.not-checked", error });
    } finally {
      this.#isChecking = false;
    }
  }
}
