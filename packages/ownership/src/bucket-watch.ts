import { setTimeout } from "node:timers/promises";
import { JetStreamApiError } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import type { Logger } from "@rollcall/telemetry";
import type { LeaseEntry } from "./lease-actions.ts";
import { LeaseBucket } from "./lease-bucket.ts";

export interface BucketWatchOptions {
  readonly connection: NatsConnection;
  readonly name: string;
  readonly replicas: number;
  readonly requestTimeoutMs: number;
  readonly logger: Logger;
  /** All that is in the bucket is about to come; `last` is its last revision. */
  readonly begins: (last: number) => void;
  readonly seen: (key: string, entry: LeaseEntry) => void;
  /** All that was there has come. */
  readonly caughtUp: () => void;
}

const RETRY_MS = 250;
/** Code of JetStream that says: there is no such stream. */
const STREAM_NOT_FOUND = 10_059;

/** Follows a lease bucket until it is stopped: whatever fails is tried again. */
export class BucketWatch {
  readonly #options: BucketWatchOptions;
  #bucket: LeaseBucket | undefined;
  #stopCurrent: (() => void) | undefined;
  #isStopped = false;
  #lastChangeAt = 0;

  constructor(options: BucketWatchOptions) {
    this.#options = options;
  }

  /** Open, once it could be. */
  get bucket(): LeaseBucket | undefined {
    return this.#bucket;
  }

  /** Resolves when it is stopped. */
  async follow(): Promise<void> {
    const { connection, logger, begins, seen, caughtUp } = this.#options;
    while (!this.#isStopped) {
      try {
        this.#bucket ??= await this.#open();
        const watch = await this.#bucket.watch({
          begins,
          seen: (key, entry) => {
            this.#lastChangeAt = performance.now();
            seen(key, entry);
          },
          caughtUp,
        });
        this.#lastChangeAt = performance.now();
        this.#stopCurrent = watch.stop;
        if (this.#isStopped) watch.stop();
        await watch.ended;
      } catch (error) {
        if (this.#isStopped || connection.isClosed()) return;
        logger.warn({ event: "ownership.bucket-unreachable", error });
        // NATS has lost its data: the bucket is made anew.
        if (error instanceof JetStreamApiError && error.code === STREAM_NOT_FOUND) this.#bucket = undefined;
      }
      this.#stopCurrent = undefined;
      if (!this.#isStopped) await setTimeout(RETRY_MS);
    }
  }

  /** Watches anew where nothing has come for so long: then the watch may be broken. */
  renewAfterSilence(silentMs: number): void {
    if (this.#stopCurrent === undefined || performance.now() - this.#lastChangeAt <= silentMs) return;
    this.#options.logger.warn({ event: "ownership.watch-broken" });
    this.#stopCurrent();
    this.#stopCurrent = undefined;
  }

  stop(): void {
    this.#isStopped = true;
    this.#stopCurrent?.();
  }

  async #open(): Promise<LeaseBucket> {
    const { connection, name, replicas, requestTimeoutMs, logger } = this.#options;
    const bucket = await LeaseBucket.open(connection, name, replicas, requestTimeoutMs);
    bucket.tidy().catch((error: unknown) => {
      logger.debug({ event: "ownership.not-tidied", error });
    });
    return bucket;
  }
}
