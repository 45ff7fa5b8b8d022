import type { Fetched, Stored } from "./riak-object.ts";
import type { ValueCodec } from "./value-codec.ts";

/** How many vnodes must answer: a number up to n_val, or Riak's word for it. */
export type Quorum = number | "one" | "quorum" | "all" | "default";

export interface BucketOptions<T> {
  readonly name: string;
  /** Bucket type. Left out: the default type. */
  readonly type?: string | undefined;
  readonly codec: ValueCodec<T>;
  /** Answers a read waits for. Left out, here and below: the bucket's property. */
  readonly r?: Quorum | undefined;
  /** Acknowledgements a write waits for. */
  readonly w?: Quorum | undefined;
  /** Acknowledgements from disk a write waits for. */
  readonly dw?: Quorum | undefined;
  /** Primary vnodes a read needs. */
  readonly pr?: Quorum | undefined;
  /** Primary vnodes a write needs. */
  readonly pw?: Quorum | undefined;
  /** For one operation, retries included; Riak is told it as well. Milliseconds. Default: the client's. */
  readonly timeoutMs?: number | undefined;
}

export interface GetOptions {
  /** An etag; `unchanged` is answered, without a body, while the object still has it. */
  readonly ifNoneMatch?: string | undefined;
}

export interface PutOptions {
  /** The context of what this write replaces. Left out, whatever is there becomes a sibling of it. */
  readonly context?: string | undefined;
  /** Replaces all user metadata. Names in lower case; values may be any text. */
  readonly meta?: Readonly<Record<string, string>> | undefined;
}

/**
 * The objects of one bucket.
 *
 * No operation is a compare-and-swap: Riak checks conditions before it writes, not while. Two writers with the same
 * context both succeed and leave siblings (where the bucket has `allow_mult=true`; without it the later one silently
 * wins), and whoever sees siblings merges them and writes the result with their context.
 *
 * A write that failed on the way may be repeated by the transport with the same context. If the first attempt had
 * been performed after all, the value then stands beside itself as a sibling, and the merge ends it.
 *
 * @throws {RiakError} from every method.
 */
export interface Bucket<T> {
  get(key: string, options?: GetOptions): Promise<Fetched<T>>;

  /**
   * Resolves after Riak has acknowledged (`w`, `dw`). `stored` means that this very value, byte for byte, is now the
   * only one. Anything else that is there after the write is answered as `siblings`, this value among them unless it
   * has been superseded at once; merge them, apply the change again, and write with their context.
   */
  put(key: string, value: T, options?: PutOptions): Promise<Stored<T>>;

  /**
   * Without a context it deletes whatever is there, siblings included. With one that is out of date it leaves a
   * tombstone beside the newer value (`allow_mult=true`), or deletes the newer value too (`allow_mult=false`).
   *
   * @returns `missing` also for a tombstone; `deleted` when a repetition found nothing, since the attempt before it
   *   may have done it.
   */
  delete(key: string, context?: string): Promise<"deleted" | "missing">;

  /**
   * Every key, in no order, as Riak finds them: it walks the whole store, so this is for operators. A key deleted
   * seconds ago may still appear, one written during the listing may be missing. Fails as a whole when any key is
   * not UTF-8.
   */
  keys(): AsyncIterable<string>;
}
