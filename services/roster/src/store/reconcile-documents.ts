/**
 * What becomes of a roster that others wrote too: by hand, or as another owner at the same time. Pure.
 *
 * The result never depends on the order in which versions are found. Everything that clients may not have heard of
 * yet gets a new version, so that no client believes to be up to date without being so.
 */
import {
  applyChanges,
  type ContactFacts,
  contactIn,
  emptyRoster,
  looksSame,
  type RemovedContact,
  type Roster,
  type RosterChange,
  type RosterContact,
  subscriptionValue,
} from "@rollcall/rfc6121";
import type { BareJid } from "@rollcall/xmpp";
import { mergeLogs } from "./command-log.ts";
import { applyWriting, type ForeignFields, type WrittenContact } from "./contact-record.ts";
import { type DecodedDocument, foreignOf, type RosterDocument, sameFacts } from "./roster-document.ts";
import type { RosterEdits } from "./roster-store.ts";

/** One of several versions of a roster. */
export interface Sibling {
  readonly decoded: DecodedDocument;
  /** Milliseconds since the epoch, to the second. */
  readonly writtenAt: number;
}

export interface Reconciled {
  readonly document: RosterDocument;
  readonly edits: RosterEdits | undefined;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function highest(numbers: Iterable<number>): number {
  let max = 0;
  for (const number of numbers) if (number > max) max = number;
  return max;
}

/** The numbers that versions and revisions of the result must exceed. */
interface Floor {
  readonly version: number;
  readonly revision: number;
}

/**
 * Without metadata nobody knows how far the versions had come: removals leave no trace in the body. The present time
 * in milliseconds is beyond what counting changes can have reached.
 */
function floorOf(decoded: readonly DecodedDocument[], now: number): Floor {
  let version = 0;
  let revision = 0;
  for (const { contacts, meta } of decoded) {
    const written = [...contacts.values()];
    const unknown = meta === undefined ? now : 0;
    version = highest([
      version,
      unknown,
      meta?.version ?? 0,
      ...written.map((contact) => contact.version ?? 0),
    ]);
    revision = highest([
      revision,
      unknown,
      meta?.revision ?? 0,
      ...written.map((contact) => contact.revision ?? 0),
    ]);
  }
  return { version, revision };
}

/** What clients have to be told, who knew `before`. */
export function editsBetween(before: Roster, after: Roster, since: number): RosterEdits | undefined {
  const contacts: BareJid[] = [];
  for (const [jid, contact] of after.contacts) {
    const known = before.contacts.get(jid);
    if (contact !== known && (known === undefined || contact.version > since || !sameFacts(known, contact))) {
      contacts.push(jid);
    }
  }
  for (const jid of before.contacts.keys()) if (!after.contacts.has(jid)) contacts.push(jid);
  if (contacts.length === 0) return undefined;
  const granted = contacts.filter((jid) => shares(after, jid) && !shares(before, jid));
  const revoked = contacts.filter((jid) => shares(before, jid) && !shares(after, jid));
  return {
    contacts,
    since,
    ...(granted.length === 0 ? {} : { granted }),
    ...(revoked.length === 0 ? {} : { revoked }),
  };
}

/** Whether the contact is subscribed to the account's presence. */
function shares({ contacts }: Roster, jid: BareJid): boolean {
  const contact = contacts.get(jid);
  return contact !== undefined && /^(from|both)$/.test(subscriptionValue(contact.subscription.state));
}

/**
 * Takes over a roster that somebody wrote by hand in place of ours. What it says is so, what it does not say is gone.
 *
 * @param known the roster as this process last saw it; without it every contact counts as changed
 * @param now milliseconds since the epoch
 */
export function adoptDocument(
  decoded: DecodedDocument,
  known: RosterDocument | undefined,
  now: number,
): Reconciled {
  const floor = floorOf([decoded], now);
  const version = Math.max(floor.version, known?.roster.version ?? 0);
  const base: Roster = {
    version,
    revision: Math.max(floor.revision, known?.roster.revision ?? 0),
    // Of what went unseen, only what `known` has can be told.
    removalsKnownSince: known === undefined ? version : known.roster.removalsKnownSince,
    contacts: known?.roster.contacts ?? new Map(),
    removed: known?.roster.removed ?? decoded.meta?.removed ?? new Map(),
  };
  const changes: RosterChange[] = [];
  const foreign = new Map<BareJid, ForeignFields>();
  for (const jid of [...decoded.contacts.keys()].sort(compare)) {
    const written = decoded.contacts.get(jid) as WrittenContact;
    const contact = applyWriting(contactIn(emptyRoster, jid), written);
    const before = base.contacts.get(jid);
    if (before === undefined || !sameFacts(before, contact))
      changes.push({ kind: "put", contact, push: false });
    if (written.foreign !== undefined) foreign.set(jid, written.foreign);
  }
  for (const jid of base.contacts.keys()) {
    if (!decoded.contacts.has(jid)) changes.push({ kind: "remove", jid });
  }
  const roster = applyChanges(base, changes);
  return {
    document: {
      roster,
      commands: known?.commands ?? decoded.meta?.commands ?? [],
      foreign,
      extra: decoded.extra,
    },
    edits: editsBetween(base, roster, version),
  };
}

/** What one version of a roster says of a contact. */
type Claim =
  | { readonly kind: "removed"; readonly revision: number }
  | { readonly kind: "written-by-hand" | "ours"; readonly revision: number; readonly facts: ContactFacts };

const precedence = { ours: 0, "written-by-hand": 1, removed: 2 } as const;

/** The later claim wins; of equally late ones a removal, then what a hand wrote. */
function stronger(a: Claim | undefined, b: Claim): Claim {
  if (a === undefined) return b;
  const order =
    a.revision - b.revision ||
    precedence[a.kind] - precedence[b.kind] ||
    compare(JSON.stringify(a), JSON.stringify(b));
  return order >= 0 ? a : b;
}

/** Contacts written by hand without a revision, in the order of their writing: each says only what it names. */
function blindWritings(hands: readonly DecodedDocument[], jid: BareJid): WrittenContact[] {
  return hands
    .map((decoded) => decoded.contacts.get(jid))
    .filter((written) => written !== undefined && written.revision === undefined) as WrittenContact[];
}

function claimOn(
  ours: readonly RosterDocument[],
  hands: readonly DecodedDocument[],
  jid: BareJid,
): ContactFacts | undefined {
  let claim: Claim | undefined;
  for (const { roster } of ours) {
    const contact = roster.contacts.get(jid);
    const removal = roster.removed.get(jid);
    if (contact !== undefined) {
      const { version: _version, revision, ...facts } = contact;
      claim = stronger(claim, { kind: "ours", revision, facts });
    }
    if (removal !== undefined) claim = stronger(claim, { kind: "removed", revision: removal.revision });
  }
  for (const { contacts } of hands) {
    const written = contacts.get(jid);
    if (written?.revision === undefined) continue;
    const facts = applyWriting(contactIn(emptyRoster, jid), written);
    claim = stronger(claim, { kind: "written-by-hand", revision: written.revision, facts });
  }
  const blind = blindWritings(hands, jid);
  const settled = claim === undefined || claim.kind === "removed" ? undefined : claim.facts;
  if (blind.length === 0) return settled;
  return blind.reduce(applyWriting, settled ?? contactIn(emptyRoster, jid));
}

function mergeForeign(sources: readonly ReadonlyMap<BareJid, ForeignFields>[]): Map<BareJid, ForeignFields> {
  const merged = new Map<BareJid, ForeignFields>();
  for (const source of sources) {
    for (const [jid, { fields, pending }] of source) {
      const known = merged.get(jid);
      merged.set(jid, {
        fields: { ...known?.fields, ...fields },
        pending: { ...known?.pending, ...pending },
      });
    }
  }
  return merged;
}

function foreignByHand({ contacts }: DecodedDocument): Map<BareJid, ForeignFields> {
  const foreign = new Map<BareJid, ForeignFields>();
  for (const [jid, written] of contacts) if (written.foreign !== undefined) foreign.set(jid, written.foreign);
  return foreign;
}

function mergeRemoved(
  rosters: readonly Roster[],
  contacts: ReadonlyMap<BareJid, unknown>,
): Map<BareJid, RemovedContact> {
  const latest = new Map<BareJid, RemovedContact>();
  for (const { removed } of rosters) {
    for (const [jid, removal] of removed) {
      const known = latest.get(jid);
      if (contacts.has(jid) || (known !== undefined && known.revision >= removal.revision)) continue;
      latest.set(jid, removal);
    }
  }
  return new Map([...latest].sort(([a, x], [b, y]) => x.revision - y.revision || compare(a, b)));
}

/**
 * Merges versions of a roster that were written side by side, per contact: the later change wins, a removal over an
 * edit that is not later. A version written by hand adds and edits the contacts it names and removes none.
 *
 * @param siblings at least one
 * @param known the roster as this process last told it to clients
 * @param now milliseconds since the epoch
 */
export function mergeDocuments(
  siblings: readonly Sibling[],
  known: RosterDocument | undefined,
  now: number,
): Reconciled {
  const decoded = [...siblings]
    .sort((a, b) => a.writtenAt - b.writtenAt || compare(a.decoded.body, b.decoded.body))
    .map((sibling) => sibling.decoded);
  const hands = decoded.filter(({ document }) => document === undefined);
  const ours = decoded
    .map(({ document }) => document)
    .filter((document) => document !== undefined)
    .sort((a, b) => a.roster.revision - b.roster.revision || a.roster.version - b.roster.version);
  const rosters = ours.map(({ roster }) => roster);
  const primary = rosters.at(-1) ?? emptyRoster;
  const floor = floorOf(
    decoded.filter(({ document, meta }) => document !== undefined || meta !== undefined || ours.length === 0),
    now,
  );

  // Where our own versions disagree about who is there, all of those count as there, so that a removal shows as one.
  const contacts = new Map<BareJid, RosterContact>(primary.contacts);
  for (const roster of rosters) {
    for (const [jid, contact] of roster.contacts) if (!contacts.has(jid)) contacts.set(jid, contact);
  }
  const base: Roster = {
    version: floor.version,
    revision: floor.revision,
    removalsKnownSince: highest([
      ...rosters.map((roster) => roster.removalsKnownSince),
      ours.length === 0 ? floor.version : 0,
    ]),
    contacts,
    removed: mergeRemoved(rosters, contacts),
  };

  const named = new Set([...contacts.keys(), ...decoded.flatMap((one) => [...one.contacts.keys()])]);
  const changes: RosterChange[] = [];
  for (const jid of [...named].sort(compare)) {
    const facts = claimOn(ours, hands, jid);
    const before = contacts.get(jid);
    if (facts === undefined) {
      if (before !== undefined) changes.push({ kind: "remove", jid });
      continue;
    }
    const disputed = rosters.some((roster) => !looksSame(roster.contacts.get(jid), facts));
    if (disputed || before === undefined || !sameFacts(before, facts)) {
      changes.push({ kind: "put", contact: facts, push: disputed && facts.inRoster });
    }
  }
  const roster = applyChanges(base, changes);
  const document: RosterDocument = {
    roster,
    commands: mergeLogs(ours.map(({ commands }) => commands)),
    foreign: foreignOf(
      roster,
      mergeForeign([...ours.map(({ foreign }) => foreign), ...hands.map(foreignByHand)]),
    ),
    extra: new Map([...ours.flatMap(({ extra }) => [...extra]), ...hands.flatMap(({ extra }) => [...extra])]),
  };
  // One of the versions may be a write of our own of which nobody was told.
  const since = Math.min(known?.roster.version ?? floor.version, floor.version);
  return { document, edits: editsBetween(known?.roster ?? primary, roster, since) };
}
