import { randomBytes } from "node:crypto";
import { mkdirSync, realpathSync } from "node:fs";
import type { Logger } from "@rollcall/telemetry";
import { type Database, open, type RootDatabase } from "lmdb";
import { EmbeddedRiakError } from "./embedded-riak-error.ts";
import { GROUP_OPERATIONS, GroupCommit, type WriteLimits } from "./group-commit.ts";
import { indexEntries } from "./index-keys.ts";
import { decodeRecord, encodeRecord, longKeyOf } from "./object-record.ts";
import { isTombstone, newestModification, type Sibling } from "./siblings.ts";
import { afterPrefix, type BucketName, bucketPrefix, isHashed, objectStoreKey } from "./store-keys.ts";
import { claimStore, ownsStore, releaseStore } from "./store-owner.ts";
import type { Dot } from "./vclock.ts";

type Bytes = Database<Uint8Array, Uint8Array>;

/** Milliseconds that a deleted object keeps its tombstone; Riak's default `delete_mode`. */
export const TOMBSTONE_MS = 3000;

const FORMAT = 1;
const FORMAT_KEY = Buffer.from("format");
const STORE_ID_KEY = Buffer.from("store-id");
const DOT_CEILING_KEY = Buffer.from("dot-ceiling");
/** So many dots are set aside with one write of the ceiling. */
const DOT_BLOCK = 1_000_000;
const NOTHING = new Uint8Array(0);
/** Tombstones that one transaction removes at most. */
const SWEEP_LIMIT = 1000;

/** Directories open in this process. */
const openDirectories = new Set<string>();

export interface ObjectStoreOptions {
  readonly dir: string;
  readonly logger: Logger;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly limits: WriteLimits;
}

/** What an update decided: the siblings to write, or `undefined` to leave the object alone, and what to hand back. */
export interface Decision<T> {
  readonly siblings: readonly Sibling[] | undefined;
  readonly result: T;
}

/** What an update knows while it decides. */
export interface UpdateContext {
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** The number for this write, larger than any before it. */
  readonly dot: Dot;
}

/**
 * Objects in LMDB. Reads see what has been synced to the disk; `update` is atomic and resolves after the sync.
 *
 * A tombstone older than `TOMBSTONE_MS` counts as missing at once, whenever the sweeper gets to it. Numbers of writes
 * grow for as long as the store exists, also over restarts, so that a context from before an object was deleted and swept
 * never covers a later value. They also start above the clock's, so that an older copy of the store brought back from a
 * backup does not issue a number again.
 */
export class ObjectStore {
  /** 8 random bytes. */
  readonly id: Uint8Array;
  readonly objects: Bytes;
  /** Keys from `index-keys.ts`, no values. */
  readonly indexes: Bytes;
  /** Values are JSON. */
  readonly properties: Bytes;
  readonly writer: GroupCommit;
  closed = false;
  readonly #environment: RootDatabase<Uint8Array, Uint8Array>;
  /** 8 bytes of when it may go, then the object's LMDB key. */
  readonly #tombstones: Bytes;
  readonly #now: () => number;
  readonly #directory: string;
  readonly #ownership: string;
  #lastDot: Dot;

  /** @throws {EmbeddedRiakError} `in-use` or `bad-store`. */
  constructor({ dir, logger, now, limits }: ObjectStoreOptions) {
    // SCRAM keys and messages are in it.
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    this.#directory = realpathSync(dir);
    if (openDirectories.has(this.#directory)) {
      throw new EmbeddedRiakError("in-use", `the store in ${dir} is open in this process already`);
    }
    this.#now = now;
    this.#environment = openEnvironment(this.#directory);
    try {
      const { id, lastDot, ownership } = this.#environment.transactionSync(() => this.#begin(dir));
      this.id = id;
      this.#lastDot = lastDot;
      this.#ownership = ownership;
      this.objects = this.#open("objects");
      this.indexes = this.#open("indexes");
      this.properties = this.#open("properties");
      this.#tombstones = this.#open("tombstones");
    } catch (error) {
      void this.#environment.close();
      throw error;
    }
    this.writer = new GroupCommit(this.#environment, limits, logger, () => this.#beginGroup());
    openDirectories.add(this.#directory);
  }

  /** Bodies of the result are views of memory that the next call into the store reuses. */
  read(storeKey: Uint8Array): readonly Sibling[] | undefined {
    const record = this.objects.getBinaryFast(storeKey);
    if (record === undefined) return undefined;
    const siblings = decodeRecord(record);
    return this.#isSwept(siblings) ? undefined : siblings;
  }

  /**
   * Reads an object, decides and writes, with nobody in between.
   *
   * @param decide pure; it may be called twice. Bodies of what it is given are valid only while it runs.
   * @param bytes about how much will be written.
   * @throws {EmbeddedRiakError} `overloaded`, `closed`, `in-use` or `write-failed`; nothing was written.
   */
  update<T>(
    bucket: BucketName,
    key: string,
    bytes: number,
    decide: (current: readonly Sibling[] | undefined, context: UpdateContext) => Decision<T>,
  ): Promise<T> {
    const prefix = bucketPrefix(bucket);
    const { storeKey, hashed } = objectStoreKey(prefix, key);
    const operation = (): T => {
      const record = this.objects.getBinaryFast(storeKey);
      const stored = record === undefined ? undefined : decodeRecord(record);
      const current = stored !== undefined && this.#isSwept(stored) ? undefined : stored;
      const { siblings, result } = decide(current, { now: this.#now(), dot: ++this.#lastDot });
      if (siblings !== undefined) {
        const next = encodeRecord(siblings, hashed ? key : undefined);
        // From here on the old record's memory may be reused, so `stored` is good for its heads only.
        this.#changeIndexes(prefix, key, stored, siblings);
        if (isTombstone(siblings)) this.#tombstones.put(tombstoneKey(siblings, storeKey), NOTHING);
        this.objects.put(storeKey, next);
      }
      return result;
    };
    return this.writer.run(operation, bytes);
  }

  /** LMDB keys of objects from `start` up to, not including, `end`. */
  keysFrom(start: Uint8Array, end: Uint8Array | undefined, limit: number): Buffer[] {
    const keys = this.objects.getKeys({ start, ...(end !== undefined && { end }), limit });
    return [...keys].map((key) => Buffer.from(key));
  }

  /** LMDB keys that begin with the prefix and come after `last`. */
  keysAfter(prefix: Buffer, last: Uint8Array | undefined, limit: number): Buffer[] {
    // The smallest key after another one is that key and a zero byte.
    const start = last === undefined ? prefix : Buffer.concat([last, Buffer.of(0)]);
    return this.keysFrom(start, afterPrefix(prefix), limit);
  }

  /** Milliseconds since the epoch. */
  now(): number {
    return this.#now();
  }

  /** The object's key, one character per byte. */
  keyOf(prefixLength: number, storeKey: Buffer): string {
    if (isHashed(storeKey)) {
      const record = this.objects.getBinaryFast(storeKey);
      const key = record === undefined ? undefined : longKeyOf(record);
      if (key !== undefined) return key;
    }
    return storeKey.toString("latin1", prefixLength);
  }

  /**
   * Removes the tombstones that have served their time, a bounded number to a transaction. Reads do not need it, listings
   * do: they look at keys alone.
   */
  async sweep(): Promise<void> {
    const due = timeKey(this.#now() - TOMBSTONE_MS + 1);
    for (;;) {
      const keys = [...this.#tombstones.getKeys({ end: due, limit: SWEEP_LIMIT })];
      if (keys.length === 0) return;
      await this.writer.run(() => {
        for (const key of keys) {
          const storeKey = key.subarray(8);
          const record = this.objects.getBinaryFast(storeKey);
          if (record !== undefined && this.#isSwept(decodeRecord(record))) this.objects.remove(storeKey);
          this.#tombstones.remove(key);
        }
      }, 0);
      if (keys.length < SWEEP_LIMIT) return;
    }
  }

  /** Finishes what was handed in, then closes. */
  async close(): Promise<void> {
    await this.writer.close();
    this.closed = true;
    try {
      this.#environment.transactionSync(() => releaseStore(this.#environment, this.#ownership));
    } finally {
      await this.#environment.close();
      openDirectories.delete(this.#directory);
    }
  }

  #open(name: string): Bytes {
    return this.#environment.openDB<Uint8Array, Uint8Array>({
      name,
      encoding: "binary",
      keyEncoding: "binary",
    });
  }

  /** Runs in the first write transaction. */
  #begin(dir: string): { id: Uint8Array; lastDot: Dot; ownership: string } {
    const meta = this.#environment;
    const format = meta.get(FORMAT_KEY)?.[0];
    if (format !== undefined && format !== FORMAT) {
      throw new EmbeddedRiakError("bad-store", `the store in ${dir} has format ${format}, not ${FORMAT}`);
    }
    const ownership = claimStore(meta, dir);
    meta.putSync(FORMAT_KEY, Buffer.from([FORMAT]));
    let id = meta.get(STORE_ID_KEY);
    if (id === undefined) {
      id = randomBytes(8);
      meta.putSync(STORE_ID_KEY, id);
    }
    return {
      id: Uint8Array.from(id),
      lastDot: Math.max(this.#dotCeiling(), this.#now() * 1024),
      ownership,
    };
  }

  /** Runs first in every transaction, so what it finds is as true as what the transaction writes. */
  #beginGroup(): void {
    if (!ownsStore(this.#environment, this.#ownership)) {
      throw new EmbeddedRiakError("in-use", "another process has taken the store over");
    }
    // No number is used before a transaction has recorded that it may be.
    if (this.#dotCeiling() < this.#lastDot + GROUP_OPERATIONS) {
      const ceiling = Buffer.alloc(8);
      ceiling.writeBigUInt64BE(BigInt(this.#lastDot + DOT_BLOCK));
      this.#environment.put(DOT_CEILING_KEY, ceiling);
    }
  }

  /** The largest number that may have been used. */
  #dotCeiling(): Dot {
    const ceiling = this.#environment.get(DOT_CEILING_KEY);
    return ceiling === undefined ? 0 : Number(Buffer.from(ceiling).readBigUInt64BE());
  }

  #changeIndexes(
    prefix: Buffer,
    key: string,
    before: readonly Sibling[] | undefined,
    after: readonly Sibling[],
  ): void {
    const old = before === undefined ? undefined : indexEntries(prefix, key, before);
    const fresh = indexEntries(prefix, key, after);
    if (old !== undefined) {
      for (const [name, entry] of old) if (!fresh.has(name)) this.indexes.remove(entry);
    }
    for (const [name, entry] of fresh) if (!old?.has(name)) this.indexes.put(entry, NOTHING);
  }

  #isSwept(siblings: readonly Sibling[]): boolean {
    return isTombstone(siblings) && newestModification(siblings) + TOMBSTONE_MS <= this.#now();
  }
}

function openEnvironment(path: string): RootDatabase<Uint8Array, Uint8Array> {
  try {
    return open<Uint8Array, Uint8Array>({
      path,
      noSubdir: false,
      maxDbs: 8,
      encoding: "binary",
      keyEncoding: "binary",
      // A commit is visible only when it is on the disk, and `GroupCommit` does the batching.
      overlappingSync: false,
      eventTurnBatching: false,
    });
  } catch (cause) {
    throw new EmbeddedRiakError("bad-store", `the store in ${path} cannot be opened`, { cause });
  }
}

function timeKey(time: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(Math.max(0, Math.floor(time))));
  return bytes;
}

function tombstoneKey(siblings: readonly Sibling[], storeKey: Uint8Array): Buffer {
  return Buffer.concat([timeKey(newestModification(siblings)), storeKey]);
}
