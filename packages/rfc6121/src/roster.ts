/**
 * The roster of one account as a value (RFC 6121, section 2), and the only place that gives out versions.
 *
 * Everything here is immutable: a change makes the next roster, and contacts that it does not touch stay the same
 * objects, so that whoever derived something from them can keep it.
 */
import type { BareJid, Stanza } from "@rollcall/xmpp";
import { hasPendingOut, noSubscription, subscriptionValue } from "./subscription.ts";
import type { Subscription } from "./subscription-table.ts";

/** A subscription request that the account has not answered (3.1.3 r4). */
export interface PendingRequest {
  /** The presence of type `subscribe` as it came, extended content included. */
  readonly stanza: Stanza;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** What the roster says of one contact. */
export interface ContactFacts {
  readonly jid: BareJid;
  /** A roster item that clients see. A contact that only asked is kept without being one (A.1). */
  readonly inRoster: boolean;
  readonly name: string | undefined;
  readonly groups: readonly string[];
  readonly subscription: Subscription;
  /** Present exactly in the states with pending-in. */
  readonly request: PendingRequest | undefined;
}

export interface RosterContact extends ContactFacts {
  /** Roster version of the last change that clients saw; 0 where they never saw one. */
  readonly version: number;
  /** Roster revision of the last change of any kind. */
  readonly revision: number;
}

/** A contact that is gone, kept so that a client or a merge does not bring it back. */
export interface RemovedContact {
  /** Roster version of the removal; 0 for a contact that clients never saw. */
  readonly version: number;
  readonly revision: number;
}

export interface Roster {
  /** Grows by one with every change that clients see (2.6); 0 for a roster that never had one. */
  readonly version: number;
  /** Grows with every change of any kind. */
  readonly revision: number;
  /** Every removal after this version is in `removed`. */
  readonly removalsKnownSince: number;
  readonly contacts: ReadonlyMap<BareJid, RosterContact>;
  /** In the order of their removal, bounded. */
  readonly removed: ReadonlyMap<BareJid, RemovedContact>;
}

export type RosterChange =
  | {
      readonly kind: "put";
      readonly contact: ContactFacts;
      /** Counts as a change that clients see, even where nothing differs: a roster set is always pushed (2.4.2). */
      readonly push: boolean;
    }
  | { readonly kind: "remove"; readonly jid: BareJid };

/** How many removals a roster remembers; a client that slept longer gets the complete roster. */
export const maxRemembered = 100;

export const emptyRoster: Roster = {
  version: 0,
  revision: 0,
  removalsKnownSince: 0,
  contacts: new Map(),
  removed: new Map(),
};

/** The contact, or one of whom nothing is known. */
export function contactIn(roster: Roster, jid: BareJid): ContactFacts {
  return (
    roster.contacts.get(jid) ?? {
      jid,
      inRoster: false,
      name: undefined,
      groups: [],
      subscription: noSubscription,
      request: undefined,
    }
  );
}

/** The items that clients see. */
export function* rosterItems(roster: Roster): Generator<RosterContact> {
  for (const contact of roster.contacts.values()) if (contact.inRoster) yield contact;
}

export function countItems(roster: Roster): number {
  let count = 0;
  for (const contact of roster.contacts.values()) if (contact.inRoster) count += 1;
  return count;
}

/** Stored requests, oldest first. */
export function pendingRequests(roster: Roster): PendingRequest[] {
  const requests: PendingRequest[] = [];
  for (const { request } of roster.contacts.values()) if (request !== undefined) requests.push(request);
  return requests.sort((a, b) => a.at - b.at);
}

/** Whether clients would see the same of both; `undefined` stands for no contact. */
export function looksSame(a: ContactFacts | undefined, b: ContactFacts | undefined): boolean {
  const aSeen = a?.inRoster === true;
  if (aSeen !== (b?.inRoster === true)) return false;
  if (!aSeen || a === b) return true;
  const before = a as ContactFacts;
  const after = b as ContactFacts;
  return (
    before.name === after.name &&
    before.subscription.approved === after.subscription.approved &&
    subscriptionValue(before.subscription.state) === subscriptionValue(after.subscription.state) &&
    hasPendingOut(before.subscription.state) === hasPendingOut(after.subscription.state) &&
    before.groups.length === after.groups.length &&
    before.groups.every((group, index) => group === after.groups[index])
  );
}

/** The contact as a roster keeps it. All are made here, so that they have one shape in memory. */
export function rosterContact(facts: ContactFacts, version: number, revision: number): RosterContact {
  const { jid, inRoster, name, groups, subscription, request } = facts;
  return { jid, inRoster, name, groups, subscription, request, version, revision };
}

/** Whether there is anything to keep of a contact. */
export function isWorthKeeping(contact: ContactFacts): boolean {
  return (
    contact.inRoster ||
    contact.subscription.state !== "none" ||
    contact.subscription.approved ||
    contact.request !== undefined
  );
}

/** Drops the oldest removals so that at most `keep` are left. */
export function forgetRemovals(roster: Roster, keep: number): Roster {
  if (roster.removed.size <= keep) return roster;
  const removed = new Map(roster.removed);
  let known = roster.removalsKnownSince;
  for (const [jid, { version }] of removed) {
    if (removed.size <= keep) break;
    removed.delete(jid);
    known = Math.max(known, version);
  }
  return { ...roster, removed, removalsKnownSince: known };
}

/**
 * The roster after the changes: the revision grows by one for all of them together, the version by one for each that
 * clients see. No changes, same roster.
 */
export function applyChanges(roster: Roster, changes: readonly RosterChange[]): Roster {
  if (changes.length === 0) return roster;
  const contacts = new Map(roster.contacts);
  const removed = new Map(roster.removed);
  const revision = roster.revision + 1;
  let version = roster.version;
  for (const change of changes) {
    const jid = change.kind === "put" ? change.contact.jid : change.jid;
    const before = contacts.get(jid);
    if (change.kind === "put" && isWorthKeeping(change.contact)) {
      const seen = change.push || !looksSame(before, change.contact);
      if (seen) version += 1;
      contacts.set(jid, rosterContact(change.contact, seen ? version : (before?.version ?? 0), revision));
      removed.delete(jid);
    } else if (before !== undefined) {
      if (before.inRoster) version += 1;
      contacts.delete(jid);
      removed.delete(jid);
      removed.set(jid, { version: before.inRoster ? version : 0, revision });
    }
  }
  return forgetRemovals({ ...roster, version, revision, contacts, removed }, maxRemembered);
}

/** One step from an older version of the roster to the present one. */
export type ItemChange =
  | { readonly kind: "item"; readonly contact: RosterContact; readonly version: number }
  | { readonly kind: "removed"; readonly jid: BareJid; readonly version: number };

/**
 * The final state of each item changed after `since`, in the order of change (2.6.3), or `undefined` where the
 * complete roster is the better answer: the version is not one of ours, removals since then are forgotten, or half
 * of the items or more have changed.
 *
 * @param since the `ver` that the client has; anything that is not one of our versions counts as unknown
 */
export function changesSince(roster: Roster, since: string): ItemChange[] | undefined {
  if (!/^(0|[1-9][0-9]{0,15})$/.test(since)) return undefined;
  const version = Number(since);
  if (version > roster.version || version < roster.removalsKnownSince) return undefined;
  if (version === roster.version) return [];
  const changes: ItemChange[] = [];
  let items = 0;
  for (const contact of roster.contacts.values()) {
    if (!contact.inRoster) continue;
    items += 1;
    if (contact.version > version) changes.push({ kind: "item", contact, version: contact.version });
  }
  for (const [jid, removal] of roster.removed) {
    if (removal.version > version) changes.push({ kind: "removed", jid, version: removal.version });
  }
  if (changes.length * 2 >= items) return undefined;
  return changes.sort((a, b) => a.version - b.version);
}
