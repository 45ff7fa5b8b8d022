/**
 * What the lease bucket of a service holds, as keys and values.
 *
 *   member.<instanceId>   one per instance: it is there, and until when it may be believed
 *   claim.<partition>     who owns the partition; the KV revision of this entry is the epoch
 *
 * A claim holds as long as the member that made it, in that very session, is in the bucket. So an instance renews one
 * key, not one per partition, and the revision of a claim stays what it was when the partition was won.
 */

export interface MemberRecord {
  readonly kind: "member";
  readonly instance: string;
  /** Grows each time this instance joins anew. Claims of an earlier session are void. */
  readonly session: number;
  /** Grows with every renewal, so that a writer knows its own value again. */
  readonly beat: number;
  /** Takes no partitions and hands over those it has. */
  readonly leaving: boolean;
  /** How long others believe this record after they saw it first, in ms. */
  readonly ttlMs: number;
}

export interface ClaimRecord {
  readonly kind: "claim";
  readonly partition: number;
  /** `undefined` when the last owner gave the partition back. */
  readonly owner: { readonly instance: string; readonly session: number } | undefined;
}

export type LeaseRecord = MemberRecord | ClaimRecord;

export type LeaseKey =
  | { readonly kind: "member"; readonly instance: string }
  | { readonly kind: "claim"; readonly partition: number };

const VERSION = 1;

export const memberKey = (instance: string): string => `member.${instance}`;
export const claimKey = (partition: number): string => `claim.${partition}`;

/** Reads a key; `undefined` for one of another version of this program. */
export function parseLeaseKey(key: string): LeaseKey | undefined {
  const dot = key.indexOf(".");
  const rest = key.slice(dot + 1);
  if (key.startsWith("member.") && rest !== "") return { kind: "member", instance: rest };
  if (key.startsWith("claim.") && /^(0|[1-9]\d{0,4})$/.test(rest)) {
    return { kind: "claim", partition: Number(rest) };
  }
  return undefined;
}

export function encodeRecord(record: LeaseRecord): string {
  if (record.kind === "member") {
    const { session, beat, leaving, ttlMs } = record;
    return JSON.stringify({ v: VERSION, session, beat, leaving, ttlMs });
  }
  return JSON.stringify({ v: VERSION, owner: record.owner?.instance, session: record.owner?.session });
}

/** Reads the value of a key. `undefined` where it is not one of ours; never throws. */
export function decodeRecord(key: LeaseKey, text: string): LeaseRecord | undefined {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof json !== "object" || json === null) return undefined;
  const value = json as Readonly<Record<string, unknown>>;
  if (value.v !== VERSION) return undefined;
  if (key.kind === "claim") {
    const { owner, session } = value;
    if (owner === undefined) return { kind: "claim", partition: key.partition, owner: undefined };
    if (typeof owner !== "string" || !isCount(session)) return undefined;
    return { kind: "claim", partition: key.partition, owner: { instance: owner, session } };
  }
  const { session, beat, leaving, ttlMs } = value;
  if (!isCount(session) || !isCount(beat) || typeof leaving !== "boolean") return undefined;
  if (!isCount(ttlMs) || ttlMs === 0) return undefined;
  return { kind: "member", instance: key.instance, session, beat, leaving, ttlMs };
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}
