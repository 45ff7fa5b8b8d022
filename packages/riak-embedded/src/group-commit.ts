import type { Logger } from "@rollcall/telemetry";
import type { Database } from "lmdb";
import { EmbeddedRiakError } from "./embedded-riak-error.ts";

/** How much may wait for the disk. */
export interface WriteLimits {
  /** Operations waiting. More are refused as `overloaded`. */
  readonly queuedWrites: number;
  /** Bytes of the operations waiting. More are refused as `overloaded`. */
  readonly queuedBytes: number;
}

interface Waiting {
  readonly operation: () => unknown;
  readonly bytes: number;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** One transaction holds at most this many operations, so that it stalls the event loop for a few milliseconds at most. */
export const GROUP_OPERATIONS = 256;
/** And, beyond its first operation, at most this many bytes. */
const GROUP_BYTES = 4 * 1024 * 1024;

/**
 * Runs read-modify-write operations on LMDB, many to a transaction.
 *
 * Operations run one after the other in the order they were handed in, each inside a write transaction, so each sees
 * what those before it wrote and nobody else writes in between. What arrives while a transaction is being synced to the
 * disk shares the next one. An operation's promise resolves after the sync. A transaction is kept whole or not at all.
 *
 * An operation may run twice (when another one of its group threw), so it must not have effects outside the database.
 */
export class GroupCommit {
  readonly #database: Database<unknown, Uint8Array>;
  readonly #limits: WriteLimits;
  readonly #logger: Logger;
  readonly #begin: () => void;
  #waiting: Waiting[] = [];
  #waitingBytes = 0;
  #running: Promise<void> | undefined;
  #closed = false;
  /** Transactions that were written. */
  transactions = 0;
  /** Transactions that LMDB refused. */
  failures = 0;

  /** @param begin runs first in every transaction; an `EmbeddedRiakError` from it refuses the whole group. */
  constructor(
    database: Database<unknown, Uint8Array>,
    limits: WriteLimits,
    logger: Logger,
    begin: () => void,
  ) {
    this.#database = database;
    this.#limits = limits;
    this.#logger = logger;
    this.#begin = begin;
  }

  /** Operations that wait for a transaction. */
  get queued(): number {
    return this.#waiting.length;
  }

  /**
   * @param operation synchronous; its writes go to databases of the same LMDB environment.
   * @param bytes about how much it writes.
   * @throws {EmbeddedRiakError} `overloaded` or `closed`: the operation did not run. `write-failed`: it left no trace.
   * @throws what the operation throws; it left no trace either.
   */
  run<T>(operation: () => T, bytes: number): Promise<T> {
    if (this.#closed) return Promise.reject(new EmbeddedRiakError("closed", "the store is closed"));
    if (
      this.#waiting.length >= this.#limits.queuedWrites ||
      (this.#waitingBytes + bytes > this.#limits.queuedBytes && this.#waiting.length > 0)
    ) {
      return Promise.reject(new EmbeddedRiakError("overloaded", "too many writes are waiting for the disk"));
    }
    return new Promise<T>((resolve, reject) => {
      this.#waiting.push({ operation, bytes, resolve: resolve as (value: unknown) => void, reject });
      this.#waitingBytes += bytes;
      this.#running ??= this.#work();
    });
  }

  /** Refuses further operations and resolves when those handed in are finished. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#running;
  }

  async #work(): Promise<void> {
    // Everything that this turn of the event loop hands in joins the first transaction.
    await new Promise<void>((resolve) => setImmediate(resolve));
    while (this.#waiting.length > 0) await this.#commit(this.#nextGroup());
    this.#running = undefined;
  }

  #nextGroup(): Waiting[] {
    let count = 0;
    let bytes = 0;
    for (const { bytes: size } of this.#waiting) {
      if (count === GROUP_OPERATIONS || (count > 0 && bytes + size > GROUP_BYTES)) break;
      count++;
      bytes += size;
    }
    this.#waitingBytes -= bytes;
    return this.#waiting.splice(0, count);
  }

  async #commit(group: readonly Waiting[]): Promise<void> {
    let culprit: Waiting | undefined;
    const results: unknown[] = [];
    try {
      // A child transaction, because lmdb commits what a plain one wrote before its callback threw.
      await this.#database.childTransaction(() => {
        this.#begin();
        for (const waiting of group) {
          culprit = waiting;
          results.push(waiting.operation());
        }
        culprit = undefined;
      });
    } catch (error) {
      if (culprit === undefined) this.#refuse(group, error);
      else if (group.length === 1) culprit.reject(error as Error);
      else for (const waiting of group) await this.#commit([waiting]);
      return;
    }
    this.transactions++;
    for (const [index, waiting] of group.entries()) waiting.resolve(results[index]);
  }

  #refuse(group: readonly Waiting[], error: unknown): void {
    this.failures++;
    // lmdb reports the reason in a second promise, which must not be left to reject unheard.
    const reason = (error as { commitError?: Promise<never> }).commitError ?? Promise.reject(error);
    reason.catch((cause: unknown) => {
      this.#logger.error({ event: "riak-embedded.write-failed", writes: group.length, error: cause });
    });
    const refusal =
      error instanceof EmbeddedRiakError
        ? error
        : new EmbeddedRiakError("write-failed", "the database could not be written", { cause: error });
    for (const waiting of group) waiting.reject(refusal);
  }
}
