/** What a read or a write of a bucket answers. Etags are given without their quotes, wherever they come from. */

export interface RiakObject<T> {
  readonly value: T;
  /** User metadata by lower-case name, decoded. */
  readonly meta: Readonly<Record<string, string>>;
  /** The causal context (vclock) to send with the write that replaces this. */
  readonly context: string;
  readonly etag: string;
  /** As Riak wrote it: an HTTP date, to the second. */
  readonly lastModified: string | undefined;
  readonly contentType: string;
}

/** One of several values that no writer has yet decided between. */
export interface RiakSibling<T> {
  /** `undefined` for a tombstone. */
  readonly value: T | undefined;
  /** Somebody deleted what another writer wrote. */
  readonly deleted: boolean;
  readonly meta: Readonly<Record<string, string>>;
  readonly etag: string;
  readonly lastModified: string | undefined;
}

export interface Siblings<T> {
  readonly kind: "siblings";
  /** In no order. */
  readonly siblings: readonly RiakSibling<T>[];
  /** A write with it replaces all of them. */
  readonly context: string;
  readonly etag: string | undefined;
}

export type Fetched<T> =
  /** With a context: a tombstone. A write without that context would keep the tombstone as a sibling. */
  | { readonly kind: "missing"; readonly context: string | undefined }
  /** Still has the etag of `ifNoneMatch`. */
  | { readonly kind: "unchanged" }
  | ({ readonly kind: "found" } & RiakObject<T>)
  | Siblings<T>;

export type Stored<T> =
  | { readonly kind: "stored"; readonly context: string; readonly etag: string }
  | Siblings<T>;
