/** What goes into the rules of leases (`lease.ts`), and what comes out. */
import type { ClaimRecord, MemberRecord } from "./lease-records.ts";

export interface LeaseRules {
  readonly instance: string;
  readonly partitions: number;
  /** At least 15,000 in production: the change of a JetStream leader takes up to 10 s. */
  readonly ttlMs: number;
  readonly renewMs: number;
  /** Wait before a key is read whose last write or read failed. */
  readonly retryMs: number;
  readonly pingMs: number;
  /** After this instance lost its connection others may not be back yet: so long it believes no `no responders`. */
  readonly reconnectGraceMs: number;
  /** How long work under way may hold up the hand-over of its partition. */
  readonly handOverMs: number;
}

export type LeaseAction =
  /** Write only where `revision` is the last of the key (0: the key has none). Answer with `finished`. */
  | { readonly kind: "write"; readonly key: string; readonly value: string; readonly revision: number }
  | { readonly kind: "delete"; readonly key: string; readonly revision: number }
  | { readonly kind: "read"; readonly key: string }
  /** Answer with `pinged`. */
  | { readonly kind: "ping"; readonly instance: string }
  | { readonly kind: "gained"; readonly partition: number; readonly epoch: number }
  /** `handOver`: call `drained` when the work under way is finished. */
  | { readonly kind: "lost"; readonly partition: number; readonly handOver: boolean }
  | { readonly kind: "gone" };

/** An entry of the bucket. `record` is `undefined` for a deleted one, or one that is not ours. */
export interface LeaseEntry {
  readonly revision: number;
  readonly record: MemberRecord | ClaimRecord | undefined;
}

export type LeaseResult =
  | { readonly kind: "written"; readonly revision: number }
  | { readonly kind: "conflict" }
  /** The answer to `read`; revision 0 when the key has none. */
  | { readonly kind: "entry"; readonly entry: LeaseEntry }
  /** Anything else; it may have been performed. */
  | { readonly kind: "failed" };
