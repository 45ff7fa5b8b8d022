import type { Dot } from "./vclock.ts";

/** One value of an object, or a tombstone. */
export interface Sibling {
  /** The number of the write that made it. */
  readonly dot: Dot;
  /** New for every write, also of the same value. */
  readonly vtag: string;
  /** Milliseconds since the epoch. */
  readonly lastModified: number;
  /** As sent, with parameters. */
  readonly contentType: string;
  readonly contentEncoding: string | undefined;
  /** `X-Riak-Meta-*`: names in lower case without the prefix. */
  readonly meta: Readonly<Record<string, string>>;
  /** Secondary index entries: field in lower case, value with one character per byte. */
  readonly indexes: readonly (readonly [field: string, value: string])[];
  /** `Link` entries: bucket and key with one character per byte, and the riaktag. */
  readonly links: readonly (readonly [bucket: string, key: string, tag: string])[];
  readonly deleted: boolean;
  readonly body: Uint8Array;
}

/**
 * What becomes of the siblings already there when a write arrives.
 *
 * - `last-write`: `allow_mult=false` or `last_write_wins=true`. The write replaces everything, whatever its context.
 * - `dotted`: `allow_mult=true, dvv_enabled=true`. The write replaces what its writer has seen, value by value.
 * - `whole-object`: `allow_mult=true, dvv_enabled=false`. The write replaces everything if its writer has seen
 *   everything, else nothing; so interleaved writers pile siblings up.
 */
export type ConflictPolicy = "last-write" | "dotted" | "whole-object";

/** The siblings of the object after the write, in the order of the writes. */
export function applyWrite(
  siblings: readonly Sibling[],
  write: Sibling,
  context: Dot,
  policy: ConflictPolicy,
): readonly Sibling[] {
  switch (policy) {
    case "last-write":
      return [write];
    case "dotted":
      return [...siblings.filter((sibling) => sibling.dot > context), write];
    case "whole-object":
      return context >= newestDot(siblings) ? [write] : [...siblings, write];
  }
}

/** The context of an object with these siblings. */
export function newestDot(siblings: readonly Sibling[]): Dot {
  let newest = 0;
  for (const sibling of siblings) if (sibling.dot > newest) newest = sibling.dot;
  return newest;
}

/** Whether nothing is left but tombstones. */
export function isTombstone(siblings: readonly Sibling[]): boolean {
  for (const sibling of siblings) if (!sibling.deleted) return false;
  return true;
}

/** Milliseconds since the epoch of the youngest sibling. */
export function newestModification(siblings: readonly Sibling[]): number {
  let newest = 0;
  for (const sibling of siblings) if (sibling.lastModified > newest) newest = sibling.lastModified;
  return newest;
}
