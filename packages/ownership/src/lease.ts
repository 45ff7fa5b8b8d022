/**
 * The rules of leases, as one state machine without I/O, clock or timers: what happened goes in, what to do comes out.
 *
 *          joined                 stop time, or fenced by another
 *   out ───────────▶ in ─────────────────────────────────────────▶ out, and joins again as a new session
 *                    │ release
 *                    ▼
 *                 leaving ──── every partition handed over ────▶ gone
 *
 * - An instance is a member while its record is in the bucket. It renews the record by compare-and-swap and believes
 *   itself a member until 80 % of the TTL after it *began* the last write that succeeded. Then it stops by itself.
 * - Another instance removes a member whose record has not changed for the whole TTL since *it* first saw that
 *   revision, or whose process is not there (`no responders`, two in a row). It removes by compare-and-swap too: so
 *   either the renewal or the removal wins, and a member that was removed learns it with its next renewal.
 *   No two machines' clocks are ever compared; rates may differ by 25 %.
 * - A claim of a partition holds while the member that made it is there, in that session. A void or empty claim is
 *   replaced, by compare-and-swap, by the member to which rendezvous hashing assigns the partition.
 *   The revision of the claim is the epoch.
 * - An owner to which a partition is no longer assigned stops, finishes what is under way, and then empties its claim.
 * - After its connection was lost an owner acts again when a renewal has succeeded.
 * - The outcome of a write that failed is unknown: the key is read before anything else is done with it.
 *
 * Times are milliseconds of the local monotonic clock.
 */
import { assignedTo } from "./assignment.ts";
import type { LeaseAction, LeaseEntry, LeaseResult, LeaseRules } from "./lease-actions.ts";
import {
  type ClaimRecord,
  claimKey,
  encodeRecord,
  type LeaseKey,
  type MemberRecord,
  memberKey,
  parseLeaseKey,
} from "./lease-records.ts";

/** Part of the TTL after which a member that could not renew stops. */
const STOP_AFTER = 0.8;
/** `no responders` in a row before a member counts as dead. */
const MISSES = 2;

interface Member {
  readonly record: MemberRecord;
  readonly seenAt: number;
  misses: number;
}

/** What is under way for a key; at most one thing at a time. */
type Operation =
  | {
      readonly kind: "write";
      readonly revision: number;
      readonly record: MemberRecord | ClaimRecord;
      readonly began: number;
    }
  | { readonly kind: "delete"; readonly revision: number }
  /** `refused`: the revision that the bucket did not take for the last one. */
  | { readonly kind: "read"; readonly refused: number | undefined }
  | { readonly kind: "wait"; readonly until: number };

interface HandOver {
  readonly epoch: number;
  readonly deadline: number;
  drained: boolean;
}

export class Lease {
  readonly #rules: LeaseRules;
  readonly #me: string;
  readonly #myKey: string;
  /** Last known revision of every key, also of deleted ones. */
  readonly #revisions = new Map<string, number>();
  readonly #members = new Map<string, Member>();
  readonly #claims: (ClaimRecord | undefined)[];
  readonly #operations = new Map<string, Operation>();
  readonly #owned = new Map<number, number>();
  readonly #handingOver = new Map<number, HandOver>();
  #actions: LeaseAction[] = [];
  #watching = false;
  /** Every change up to this revision has been seen. */
  #seenUpTo = 0;
  #state: "out" | "in" | "gone" = "out";
  #leaving = false;
  #session = 0;
  #beat = 0;
  #beatBegan = Number.NEGATIVE_INFINITY;
  #leavingTold = false;
  #stopAt = Number.NEGATIVE_INFINITY;
  /** When the last renewal that succeeded began, and since when the connection is back after it was lost. */
  #renewedAt = Number.NEGATIVE_INFINITY;
  #backAt = Number.NEGATIVE_INFINITY;
  #pingDue = Number.NEGATIVE_INFINITY;
  #pinging = false;
  #assigned: (string | undefined)[] = [];
  #assignmentStale = true;

  constructor(rules: LeaseRules) {
    this.#rules = rules;
    this.#me = rules.instance;
    this.#myKey = memberKey(rules.instance);
    this.#claims = new Array<ClaimRecord | undefined>(rules.partitions).fill(undefined);
  }

  /** The epoch under which this instance may act now. */
  epochOf(partition: number, now: number): number | undefined {
    return now < this.#stopAt && this.#renewedAt >= this.#backAt ? this.#owned.get(partition) : undefined;
  }

  /** What this instance has, also while it is not sure to have it still, with the epochs. */
  owned(): [partition: number, epoch: number][] {
    return [...this.#owned];
  }

  /** When this instance stops by itself unless it renews. */
  get stopAt(): number {
    return this.#stopAt;
  }

  get isMember(): boolean {
    return this.#state === "in";
  }

  get isGone(): boolean {
    return this.#state === "gone";
  }

  /** Partitions that are assigned to this instance and not yet owned by it. */
  get missing(): number {
    if (this.#state !== "in") return this.#rules.partitions;
    let missing = 0;
    for (let partition = 0; partition < this.#rules.partitions; partition += 1) {
      if (this.#assignedTo(partition) === this.#me && !this.#owned.has(partition)) missing += 1;
    }
    return missing;
  }

  /** Time went on: to be called often, at least every `pingMs`. */
  tick(now: number): LeaseAction[] {
    for (const [key, operation] of this.#operations) {
      if (operation.kind === "wait" && operation.until <= now) this.#read(key);
    }
    for (const [partition, handOver] of this.#handingOver) {
      if (handOver.deadline <= now) this.#endHandOver(partition, handOver);
    }
    if (this.#leaving && this.#state === "in" && !this.#leavingTold && this.#handingOver.size > 0) {
      if (!this.#operations.has(this.#myKey)) this.#writeMember(now);
    }
    return this.#plan(now);
  }

  /** The watch has delivered all that was in the bucket when it began. */
  watching(now: number): LeaseAction[] {
    this.#watching = true;
    return this.#plan(now);
  }

  /** The watch delivered a change. Changes come in the order of their revisions. */
  seen(now: number, key: string, entry: LeaseEntry): LeaseAction[] {
    const parsed = this.#observe(now, key, entry);
    if (entry.revision > this.#seenUpTo) this.#seenUpTo = entry.revision;
    if (!this.#watching || parsed === undefined) return this.#take();
    return this.#plan(now, parsed.kind === "claim" ? parsed.partition : undefined);
  }

  /** What became of a `write`, `delete` or `read`. */
  finished(now: number, key: string, result: LeaseResult): LeaseAction[] {
    const operation = this.#operations.get(key);
    this.#operations.delete(key);
    if (operation === undefined) return this.#take();
    switch (result.kind) {
      case "written":
        if (operation.kind === "write") {
          if (key === this.#myKey) this.#confirm(operation.record as MemberRecord, operation.began);
          this.#observe(now, key, { revision: result.revision, record: operation.record });
        } else this.#observe(now, key, { revision: result.revision, record: undefined });
        break;
      case "conflict":
        this.#read(
          key,
          operation.kind === "write" || operation.kind === "delete" ? operation.revision : undefined,
        );
        break;
      case "entry":
        this.#observeRead(now, key, result.entry, operation.kind === "read" ? operation.refused : undefined);
        break;
      case "failed":
        this.#operations.set(key, { kind: "wait", until: now + this.#rules.retryMs });
        break;
    }
    const parsed = parseLeaseKey(key);
    return this.#plan(now, parsed?.kind === "claim" ? parsed.partition : undefined);
  }

  pinged(now: number, instance: string, outcome: "there" | "no-responders" | "unknown"): LeaseAction[] {
    this.#pinging = false;
    const member = this.#members.get(instance);
    if (member !== undefined) {
      member.misses = outcome === "no-responders" && now >= this.#pingDue ? member.misses + 1 : 0;
    }
    this.#pingDue = Math.max(this.#pingDue, now + this.#rules.pingMs);
    return this.#plan(now);
  }

  /**
   * The connection to NATS was lost, or came back. Whoever comes back may have been taken for dead, so that it acts
   * for nobody until a renewal that it begins now has succeeded.
   */
  connectionChanged(now: number, change: "lost" | "back"): LeaseAction[] {
    for (const member of this.#members.values()) member.misses = 0;
    this.#pingDue = now + this.#rules.reconnectGraceMs;
    if (change === "lost") return this.#take();
    this.#backAt = now;
    return this.#plan(now);
  }

  /** The work of a lost partition is finished. */
  drained(now: number, partition: number): LeaseAction[] {
    const handOver = this.#handingOver.get(partition);
    if (handOver === undefined) return this.#take();
    this.#endHandOver(partition, handOver);
    return this.#plan(now, partition);
  }

  /** Hands everything over and leaves. */
  release(now: number): LeaseAction[] {
    this.#leaving = true;
    this.#assignmentStale = true;
    if (this.#state === "out" && !this.#members.has(this.#me) && !this.#operations.has(this.#myKey))
      this.#go();
    return this.#plan(now);
  }

  /** Stops at once, without handing over: the last resort of a release that takes too long. */
  abandon(): LeaseAction[] {
    this.#loseAll();
    this.#go();
    return this.#take();
  }

  #take(): LeaseAction[] {
    const actions = this.#actions;
    this.#actions = [];
    return actions;
  }

  /** Does what is due; for one partition only where nothing else can have changed. */
  #plan(now: number, partition?: number): LeaseAction[] {
    if (this.#state === "in" && now >= this.#stopAt) this.#stop();
    if (!this.#watching || this.#state === "gone") return this.#take();
    if (this.#state === "out") {
      if (this.#leaving) this.#leaveUnjoined();
      else if (!this.#operations.has(this.#myKey)) this.#join(now);
      return this.#take();
    }
    this.#renew(now);
    this.#removeDeadMembers(now);
    this.#ping(now);
    if (partition !== undefined && !this.#assignmentStale) this.#planPartition(partition, now);
    else {
      this.#reassign();
      for (let each = 0; each < this.#rules.partitions; each += 1) this.#planPartition(each, now);
    }
    if (this.#leaving) this.#leave();
    return this.#take();
  }

  #planPartition(partition: number, now: number): void {
    const key = claimKey(partition);
    const mine = this.#assignedTo(partition) === this.#me;
    const epoch = this.#owned.get(partition);
    if (epoch !== undefined) {
      if (!mine) {
        this.#owned.delete(partition);
        const deadline = now + this.#rules.handOverMs;
        this.#handingOver.set(partition, { epoch, deadline, drained: false });
        this.#actions.push({ kind: "lost", partition, handOver: true });
      }
      return;
    }
    if (this.#operations.has(key)) return;
    const handOver = this.#handingOver.get(partition);
    if (handOver !== undefined) {
      // A leaving member frees all at once by removing its record, unless some of its partitions take their time.
      if (handOver.drained && (!this.#leaving || this.#leavingTold)) this.#claim(partition, false, now);
      return;
    }
    const owner = this.#claims[partition]?.owner;
    const revision = this.#revisions.get(key) ?? 0;
    if (owner !== undefined && this.#isThere(owner)) {
      if (owner.instance !== this.#me) return;
      if (mine) this.#gain(partition, revision);
      else if (!this.#leaving) this.#claim(partition, false, now);
      return;
    }
    // Of a claim that was read ahead of the watch, the member may be one not seen yet.
    if (mine && revision <= this.#seenUpTo) this.#claim(partition, true, now);
  }

  #gain(partition: number, epoch: number): void {
    this.#owned.set(partition, epoch);
    this.#actions.push({ kind: "gained", partition, epoch });
  }

  #claim(partition: number, take: boolean, now: number): void {
    const owner = take ? { instance: this.#me, session: this.#session } : undefined;
    this.#write(claimKey(partition), { kind: "claim", partition, owner }, now);
  }

  #endHandOver(partition: number, handOver: HandOver): void {
    handOver.drained = true;
    // Nothing to free where the claim is not ours any more.
    if (this.#revisions.get(claimKey(partition)) !== handOver.epoch) this.#handingOver.delete(partition);
  }

  #join(now: number): void {
    this.#session += 1;
    this.#beat = 0;
    this.#writeMember(now);
  }

  #renew(now: number): void {
    const isDue = now - this.#beatBegan >= this.#rules.renewMs || this.#beatBegan < this.#backAt;
    if (!isDue || this.#operations.has(this.#myKey)) return;
    this.#writeMember(now);
  }

  #writeMember(now: number): void {
    this.#beat += 1;
    this.#beatBegan = now;
    this.#write(
      this.#myKey,
      {
        kind: "member",
        instance: this.#me,
        session: this.#session,
        beat: this.#beat,
        leaving: this.#leaving,
        ttlMs: this.#rules.ttlMs,
      },
      now,
    );
  }

  /** Our record is in the bucket, written by an operation that began then. */
  #confirm(record: MemberRecord, began: number): void {
    if (record.session !== this.#session) return;
    this.#stopAt = Math.max(this.#stopAt, began + this.#rules.ttlMs * STOP_AFTER);
    this.#renewedAt = Math.max(this.#renewedAt, began);
    if (record.leaving) this.#leavingTold = true;
    if (this.#state !== "out") return;
    this.#state = "in";
    this.#assignmentStale = true;
  }

  #removeDeadMembers(now: number): void {
    for (const [instance, member] of this.#members) {
      if (instance === this.#me) continue;
      if (now - member.seenAt < member.record.ttlMs && member.misses < MISSES) continue;
      const key = memberKey(instance);
      if (!this.#operations.has(key)) this.#delete(key);
    }
  }

  /** Watches the next member in the order of names, and it the next one: so each dead one is noticed by somebody. */
  #ping(now: number): void {
    if (this.#pinging || now < this.#pingDue) return;
    let next: string | undefined;
    let first: string | undefined;
    for (const instance of this.#members.keys()) {
      if (instance === this.#me) continue;
      if (first === undefined || instance < first) first = instance;
      if (instance > this.#me && (next === undefined || instance < next)) next = instance;
    }
    const instance = next ?? first;
    if (instance === undefined) return;
    this.#pinging = true;
    this.#actions.push({ kind: "ping", instance });
  }

  #leave(): void {
    if (this.#owned.size > 0 || this.#operations.has(this.#myKey)) return;
    for (const handOver of this.#handingOver.values()) if (!handOver.drained) return;
    for (const [key, operation] of this.#operations) {
      if (operation.kind === "write" && key.startsWith("claim.")) return;
    }
    this.#delete(this.#myKey);
  }

  #leaveUnjoined(): void {
    if (this.#operations.has(this.#myKey)) return;
    if (this.#members.has(this.#me)) this.#delete(this.#myKey);
    else this.#go();
  }

  #go(): void {
    this.#state = "gone";
    this.#actions.push({ kind: "gone" });
  }

  /** Not a member any more, or not sure to be one. */
  #stop(): void {
    this.#loseAll();
    this.#state = "out";
    this.#leavingTold = false;
  }

  #loseAll(): void {
    this.#stopAt = Number.NEGATIVE_INFINITY;
    for (const partition of this.#owned.keys()) {
      this.#actions.push({ kind: "lost", partition, handOver: false });
    }
    this.#owned.clear();
    this.#handingOver.clear();
    this.#assignmentStale = true;
  }

  #write(key: string, record: MemberRecord | ClaimRecord, now: number): void {
    const revision = this.#revisions.get(key) ?? 0;
    this.#operations.set(key, { kind: "write", revision, record, began: now });
    this.#actions.push({ kind: "write", key, value: encodeRecord(record), revision });
  }

  #delete(key: string): void {
    const revision = this.#revisions.get(key) ?? 0;
    this.#operations.set(key, { kind: "delete", revision });
    this.#actions.push({ kind: "delete", key, revision });
  }

  #read(key: string, refused?: number): void {
    this.#operations.set(key, { kind: "read", refused });
    this.#actions.push({ kind: "read", key });
  }

  #observeRead(now: number, key: string, entry: LeaseEntry, refused: number | undefined): void {
    if (entry.revision === refused && entry.revision === this.#revisions.get(key)) {
      // What refused the write is not to be seen yet.
      this.#operations.set(key, { kind: "wait", until: now + this.#rules.retryMs });
      return;
    }
    // Only a bucket that was made anew refuses a revision and is behind it.
    if (refused !== undefined && entry.revision < refused) this.#revisions.set(key, -1);
    this.#observe(now, key, entry, true);
  }

  /** Takes note of an entry unless it is older than what is known. */
  #observe(now: number, key: string, entry: LeaseEntry, wasRead = false): LeaseKey | undefined {
    const parsed = parseLeaseKey(key);
    if (parsed === undefined) return undefined;
    const news = entry.revision > (this.#revisions.get(key) ?? 0);
    if (news) this.#revisions.set(key, entry.revision);
    if (parsed.kind === "member") this.#observeMember(parsed.instance, entry, now, news, wasRead);
    else if (news && parsed.partition < this.#rules.partitions) this.#observeClaim(parsed.partition, entry);
    return parsed;
  }

  #observeMember(instance: string, entry: LeaseEntry, now: number, news: boolean, wasRead: boolean): void {
    const record = entry.record?.kind === "member" ? entry.record : undefined;
    if (news) {
      const before = this.#members.get(instance)?.record;
      if (record === undefined) this.#members.delete(instance);
      else this.#members.set(instance, { record, seenAt: now, misses: 0 });
      if (before?.session !== record?.session || before?.leaving !== record?.leaving) {
        this.#assignmentStale = true;
      }
    }
    if (instance !== this.#me || this.#state === "gone") return;
    if (record?.session === this.#session) {
      if (wasRead && record.beat === this.#beat) this.#confirm(record, this.#beatBegan);
    } else if (news && this.#state === "in") {
      // Another instance took us for dead.
      this.#stop();
    }
    if (this.#leaving && this.#state === "out" && record === undefined && news) this.#go();
  }

  #observeClaim(partition: number, entry: LeaseEntry): void {
    this.#claims[partition] = entry.record?.kind === "claim" ? entry.record : undefined;
    const handOver = this.#handingOver.get(partition);
    if (handOver?.drained === true && handOver.epoch !== entry.revision) this.#handingOver.delete(partition);
    const epoch = this.#owned.get(partition);
    if (epoch === undefined || epoch === entry.revision) return;
    this.#owned.delete(partition);
    this.#actions.push({ kind: "lost", partition, handOver: false });
  }

  #isThere(owner: { readonly instance: string; readonly session: number }): boolean {
    if (owner.instance === this.#me && (this.#state !== "in" || owner.session !== this.#session))
      return false;
    return this.#members.get(owner.instance)?.record.session === owner.session;
  }

  #assignedTo(partition: number): string | undefined {
    if (this.#assignmentStale) this.#reassign();
    return this.#assigned[partition];
  }

  #reassign(): void {
    if (!this.#assignmentStale) return;
    this.#assignmentStale = false;
    const candidates: string[] = [];
    for (const [instance, { record }] of this.#members) {
      const leaving = instance === this.#me ? this.#leaving || this.#state !== "in" : record.leaving;
      if (!leaving) candidates.push(instance);
    }
    this.#assigned = this.#claims.map((_, partition) => assignedTo(partition, candidates));
  }
}
