/**
 * Who owns what, made of the entries of a lease bucket as they come: the claim of a partition counts while the member that
 * made it is there, in that very session. No I/O and no clock.
 */
import type { LeaseEntry } from "./lease-actions.ts";
import { parseLeaseKey } from "./lease-records.ts";
import type { Owner } from "./ownership.ts";

interface Claim {
  readonly instance: string;
  readonly session: number;
}

export class OwnerTable {
  /** Sessions of the members. */
  readonly #members = new Map<string, number>();
  readonly #claims: (Claim | undefined)[];
  readonly #epochs: number[];
  /** Owners that proved to be so before the bucket told. */
  readonly #noted: (Owner | undefined)[];
  readonly #revisions = new Map<string, number>();
  #revision = 0;
  #replayed: Set<string> | undefined;

  constructor(partitions: number) {
    this.#claims = new Array<Claim | undefined>(partitions).fill(undefined);
    this.#epochs = new Array<number>(partitions).fill(0);
    this.#noted = new Array<Owner | undefined>(partitions).fill(undefined);
  }

  /** The highest revision seen. */
  get revision(): number {
    return this.#revision;
  }

  members(): string[] {
    return [...this.#members.keys()];
  }

  ownerOf(partition: number): Owner | undefined {
    const noted = this.#noted[partition];
    const epoch = this.#epochs[partition] ?? 0;
    if (noted !== undefined && noted.epoch > epoch) return noted;
    const claim = this.#claims[partition];
    if (claim === undefined || this.#members.get(claim.instance) !== claim.session) return undefined;
    return { instanceId: claim.instance, epoch };
  }

  /** @returns the partitions that have another owner now. */
  seen(key: string, entry: LeaseEntry): number[] {
    this.#replayed?.add(key);
    const before = this.#revisions.get(key) ?? 0;
    if (entry.revision <= before) return [];
    this.#revisions.set(key, entry.revision);
    if (entry.revision > this.#revision) this.#revision = entry.revision;
    return this.#take(key, entry);
  }

  /** @returns whether the owner is news. */
  note(partition: number, owner: Owner): boolean {
    const known = this.ownerOf(partition);
    if (owner.epoch <= Math.max(known?.epoch ?? 0, this.#epochs[partition] ?? 0)) return false;
    this.#noted[partition] = owner;
    return true;
  }

  /**
   * All that is in the bucket comes again.
   * @param last revision that the bucket has given so far. Lower than what was seen: it was lost, and made anew.
   * @returns the partitions that have no owner for the time being.
   */
  replayBegins(last: number): number[] {
    this.#replayed = new Set();
    if (last >= this.#revision) return [];
    const owned = this.#claims.flatMap((_, partition) =>
      this.ownerOf(partition) === undefined ? [] : [partition],
    );
    this.#members.clear();
    this.#revisions.clear();
    this.#claims.fill(undefined);
    this.#epochs.fill(0);
    this.#noted.fill(undefined);
    this.#revision = 0;
    return owned;
  }

  /** What did not come again is not there any more. @returns the partitions that have another owner now. */
  replayEnds(): number[] {
    const replayed = this.#replayed;
    this.#replayed = undefined;
    if (replayed === undefined) return [];
    const changed = new Set<number>();
    for (const [key, revision] of this.#revisions) {
      if (replayed.has(key)) continue;
      for (const partition of this.#take(key, { revision, record: undefined })) changed.add(partition);
      this.#revisions.delete(key);
    }
    return [...changed];
  }

  #take(key: string, { revision, record }: LeaseEntry): number[] {
    const parsed = parseLeaseKey(key);
    if (parsed?.kind === "member") {
      const session = record?.kind === "member" ? record.session : undefined;
      return this.#takeMember(parsed.instance, session);
    }
    if (parsed?.kind !== "claim" || parsed.partition >= this.#claims.length) return [];
    const { partition } = parsed;
    const before = this.ownerOf(partition);
    this.#claims[partition] = record?.kind === "claim" ? record.owner : undefined;
    this.#epochs[partition] = revision;
    return isSame(before, this.ownerOf(partition)) ? [] : [partition];
  }

  #takeMember(instance: string, session: number | undefined): number[] {
    if (this.#members.get(instance) === session) return [];
    const before = this.#claims.map((_, partition) => this.ownerOf(partition));
    if (session === undefined) {
      this.#members.delete(instance);
      // Of somebody who is not there any more nothing that was noted counts either.
      for (const [partition, noted] of this.#noted.entries()) {
        if (noted?.instanceId === instance) this.#noted[partition] = undefined;
      }
    } else this.#members.set(instance, session);
    const changed: number[] = [];
    for (const [partition, owner] of before.entries()) {
      if (!isSame(owner, this.ownerOf(partition))) changed.push(partition);
    }
    return changed;
  }
}

function isSame(one: Owner | undefined, other: Owner | undefined): boolean {
  return one?.instanceId === other?.instanceId && one?.epoch === other?.epoch;
}
