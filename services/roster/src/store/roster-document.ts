/**
 * The stored form of a roster (design, section 6). Pure.
 *
 * Body: a JSON object with a key for every contact, readable and writable by hand. What is not about one contact is
 * in the metadata of the object: versions, removed contacts, recent commands, and a digest of the body. A body that
 * the digest does not fit, or that has no metadata, was written by somebody else.
 */
import { createHash } from "node:crypto";
import {
  applyChanges,
  type ContactFacts,
  contactIn,
  emptyRoster,
  type Roster,
  type RosterContact,
  rosterContact,
} from "@rollcall/rfc6121";
import type { BareJid } from "@rollcall/xmpp";
import { type CommandLog, confirmCommands, recordCommand } from "./command-log.ts";
import {
  applyWriting,
  contactJson,
  contactKey,
  contactRecord,
  type ForeignFields,
  isJsonObject,
  readContact,
  type WrittenContact,
} from "./contact-record.ts";
import { type DocumentMeta, readMeta } from "./document-meta.ts";
import { type Decision, RosterUnreadableError } from "./roster-store.ts";

export interface RosterDocument {
  readonly roster: Roster;
  readonly commands: CommandLog;
  /** What others keep with a contact. */
  readonly foreign: ReadonlyMap<BareJid, ForeignFields>;
  /** Values in the object that are no contacts, by key. */
  readonly extra: ReadonlyMap<string, unknown>;
}

export const emptyDocument: RosterDocument = {
  roster: emptyRoster,
  commands: [],
  foreign: new Map(),
  extra: new Map(),
};

/** No contacts in place of a roster that is gone: clients that know a version of that one know nothing of this one. */
export function emptySince(version: number): RosterDocument {
  const roster = { ...emptyRoster, version, revision: version, removalsKnownSince: version };
  return { ...emptyDocument, roster };
}

/** The document after a decision; the same one where there is nothing to write. */
export function applyDecision(document: RosterDocument, decision: Decision<unknown>): RosterDocument {
  const { changes, command } = decision;
  const confirmed = confirmCommands(document.commands, decision.confirmed ?? []);
  const commands =
    isRecorded(decision) && command !== undefined ? recordCommand(confirmed, command) : confirmed;
  if (changes.length === 0) return commands === document.commands ? document : { ...document, commands };
  const roster = applyChanges(document.roster, changes);
  return { ...document, roster, commands, foreign: foreignOf(roster, document.foreign) };
}

/**
 * A command that changed something, or that has made the account owe an answer: nobody else would see to it that the
 * contact gets it. What comes from the account's own clients is brought again until it is done.
 */
function isRecorded({ changes, command }: Decision<unknown>): boolean {
  return changes.length > 0 || (command?.event.startsWith("in:") === true && !command.confirmed);
}

/** The foreign fields of contacts that are still there. */
export function foreignOf(
  roster: Roster,
  foreign: ReadonlyMap<BareJid, ForeignFields>,
): ReadonlyMap<BareJid, ForeignFields> {
  for (const jid of foreign.keys()) {
    if (!roster.contacts.has(jid)) {
      return new Map([...foreign].filter(([contact]) => roster.contacts.has(contact)));
    }
  }
  return foreign;
}

/** Contacts already encoded. Belongs to one lineage of documents; holds what the last body was made of. */
export type Fragments = Map<BareJid, { readonly contact: RosterContact; readonly text: string }>;

function encodeContact(contact: RosterContact, foreign: ForeignFields | undefined): string {
  const { version, revision } = contact;
  const key = JSON.stringify(contact.jid);
  if (foreign !== undefined) {
    const record = { ...contactRecord(contact, foreign), version, revision, ...foreign.fields };
    return `${key}:${JSON.stringify(record)}`;
  }
  // Nearly all contacts: the same fields in the same order, without an object in between.
  return `${key}:${contactJson(contact, `"version":${version},"revision":${revision}`)}`;
}

/** The body. Contacts that `fragments` has are not encoded again; it is brought up to date. */
export function encodeBody(document: RosterDocument, fragments: Fragments): string {
  const { contacts } = document.roster;
  const parts: string[] = [];
  for (const contact of contacts.values()) {
    let fragment = fragments.get(contact.jid);
    if (fragment?.contact !== contact) {
      fragment = { contact, text: encodeContact(contact, document.foreign.get(contact.jid)) };
      fragments.set(contact.jid, fragment);
    }
    parts.push(fragment.text);
  }
  if (fragments.size > contacts.size) {
    for (const jid of fragments.keys()) if (!contacts.has(jid)) fragments.delete(jid);
  }
  for (const [key, value] of document.extra) parts.push(`${JSON.stringify(key)}:${JSON.stringify(value)}`);
  return `{${parts.join(",\n")}}`;
}

export function digestOf(body: string): string {
  return createHash("sha256").update(body).digest("base64url").slice(0, 22);
}

/** A body as it was found. */
export interface DecodedDocument {
  readonly owner: BareJid;
  readonly body: string;
  readonly contacts: ReadonlyMap<BareJid, WrittenContact>;
  readonly extra: ReadonlyMap<string, unknown>;
  /** `undefined` where it is missing or not ours. */
  readonly meta: DocumentMeta | undefined;
  /** The document, where body and metadata belong together. */
  readonly document: RosterDocument | undefined;
}

function overlay(first: WrittenContact, then: WrittenContact): WrittenContact {
  const named = Object.fromEntries(Object.entries(then).filter(([, value]) => value !== undefined));
  return { ...first, ...named };
}

function documentOf(
  contacts: ReadonlyMap<BareJid, WrittenContact>,
  extra: ReadonlyMap<string, unknown>,
  meta: DocumentMeta,
): RosterDocument {
  const stored = new Map<BareJid, RosterContact>();
  const foreign = new Map<BareJid, ForeignFields>();
  for (const written of contacts.values()) {
    const facts = applyWriting(contactIn(emptyRoster, written.jid), written);
    stored.set(written.jid, rosterContact(facts, written.version ?? 0, written.revision ?? 0));
    if (written.foreign !== undefined) foreign.set(written.jid, written.foreign);
  }
  const { version, revision, removalsKnownSince, removed, commands } = meta;
  return {
    roster: { version, revision, removalsKnownSince, contacts: stored, removed },
    commands,
    foreign,
    extra,
  };
}

/** @throws {RosterUnreadableError} when the body is not a JSON object. */
export function decodeDocument(
  owner: BareJid,
  body: string,
  metadata: Readonly<Record<string, string>>,
): DecodedDocument {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch (cause) {
    throw new RosterUnreadableError("the stored roster is not JSON", { cause });
  }
  if (!isJsonObject(json)) throw new RosterUnreadableError("the stored roster is not a JSON object");
  const contacts = new Map<BareJid, WrittenContact>();
  const extra = new Map<string, unknown>();
  for (const [key, value] of Object.entries(json)) {
    const record = isJsonObject(value) ? value : undefined;
    const jid = record === undefined ? undefined : contactKey(key, record);
    if (record === undefined || jid === undefined || jid === owner) {
      extra.set(key, value);
      continue;
    }
    const written = readContact(owner, jid, record);
    const twin = contacts.get(jid);
    contacts.set(jid, twin === undefined ? written : overlay(twin, written));
  }
  const meta = readMeta(metadata);
  const isOurs = meta !== undefined && meta.digest === digestOf(body);
  return {
    owner,
    body,
    contacts,
    extra,
    meta,
    document: isOurs ? documentOf(contacts, extra, meta) : undefined,
  };
}

/** Whether both say the same of a contact, seen by clients or not. */
export function sameFacts(a: ContactFacts, b: ContactFacts): boolean {
  return (
    a.inRoster === b.inRoster &&
    a.name === b.name &&
    a.subscription.state === b.subscription.state &&
    a.subscription.approved === b.subscription.approved &&
    a.groups.length === b.groups.length &&
    a.groups.every((group, index) => group === b.groups[index]) &&
    (a.request === b.request ||
      (a.request !== undefined &&
        b.request !== undefined &&
        a.request.at === b.request.at &&
        a.request.stanza.payload === b.request.stanza.payload &&
        a.request.stanza.id === b.request.stanza.id))
  );
}
