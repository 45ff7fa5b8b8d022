import type { ContactRecord, RosterAdminAnswer, RosterAdminQuestion } from "@rollcall/contracts";
import {
  contactIn,
  countItems,
  isWorthKeeping,
  type Roster,
  type RosterChange,
  type RosterLimits,
} from "@rollcall/rfc6121";
import { type BareJid, parseJid } from "@rollcall/xmpp";
import { planEdits } from "../effects/plan-effects.ts";
import { applyWriting, contactRecord, readContact, type WrittenContact } from "../store/contact-record.ts";
import { sameFacts } from "../store/roster-document.ts";
import type { Decision, RosterEdits } from "../store/roster-store.ts";
import { removeAccount } from "./remove-account.ts";
import type { RosterServiceParts } from "./roster-service-parts.ts";

/** What operators ask. A fault of the store reaches them as a question that failed. */
export async function administerRoster(
  parts: RosterServiceParts,
  owner: BareJid,
  question: RosterAdminQuestion,
): Promise<RosterAdminAnswer> {
  switch (question.kind) {
    case "show":
      return showRoster(parts, owner);
    case "import":
      return importContacts(parts, owner, question.contacts);
    case "refresh":
      return { kind: "refreshed", pushed: (await parts.rosters.read(owner)).pushed };
    case "remove-account":
      return { kind: "removed", contacts: await removeAccount(parts, owner) };
  }
}

async function showRoster({ rosters }: RosterServiceParts, owner: BareJid): Promise<RosterAdminAnswer> {
  const { stored } = await rosters.read(owner);
  const contacts: [string, ContactRecord][] = [];
  for (const contact of stored.roster.contacts.values()) contacts.push([contact.jid, contactRecord(contact)]);
  return {
    kind: "roster",
    version: String(stored.roster.version),
    contacts: Object.fromEntries(contacts),
    commands: stored.commands.map(({ event, contact, confirmed }) => ({ event, contact, confirmed })),
  };
}

interface Imported {
  readonly added: number;
  readonly changed: number;
  readonly unchanged: number;
}

type Refused = { readonly kind: "refused"; readonly reason: string };

type ImportResult =
  | {
      readonly kind: "imported";
      readonly counts: Imported;
      /** The contacts that are different now, and the version before. */
      readonly edits: RosterEdits;
    }
  | Refused;

async function importContacts(
  { rosters, limits, clock }: RosterServiceParts,
  owner: BareJid,
  contacts: Readonly<Record<string, ContactRecord>>,
): Promise<RosterAdminAnswer> {
  const written: WrittenContact[] = [];
  for (const [key, record] of Object.entries(contacts)) {
    const jid = parseJid(key);
    if (jid === undefined || jid.resource !== "") return { kind: "refused", reason: `not a contact: ${key}` };
    if (jid.bare === owner) return { kind: "refused", reason: "an account cannot be its own contact" };
    written.push(readContact(owner, jid.bare, record as Readonly<Record<string, unknown>>));
  }
  const result = await rosters.change(
    owner,
    ({ roster }) => decideImport(roster, written, limits),
    ({ roster, result, written: isWritten }) => {
      if (!isWritten || result.kind !== "imported") return undefined;
      return planEdits({ owner, id: rosters.ownId(), roster, at: clock.now() }, result.edits);
    },
  );
  return result.kind === "imported" ? { kind: "imported", ...result.counts } : result;
}

/** Adds or replaces the named contacts. All or nothing: a roster that would grow over its limit stays as it is. */
function decideImport(
  roster: Roster,
  written: readonly WrittenContact[],
  limits: RosterLimits,
): Decision<ImportResult> {
  const changes: RosterChange[] = [];
  const contacts: BareJid[] = [];
  let items = countItems(roster);
  let added = 0;
  let changed = 0;
  for (const writing of written) {
    const before = contactIn(roster, writing.jid);
    const contact = applyWriting(before, writing);
    if (sameFacts(before, contact)) continue;
    if (isWorthKeeping(before)) changed += 1;
    else added += 1;
    if (contact.inRoster && !before.inRoster) items += 1;
    changes.push({ kind: "put", contact, push: false });
    contacts.push(writing.jid);
  }
  if (items > limits.maxItems && items > countItems(roster)) {
    const reason = `the roster would have more than ${limits.maxItems} contacts`;
    return { changes: [], result: { kind: "refused", reason } };
  }
  const counts: Imported = { added, changed, unchanged: written.length - changes.length };
  return { changes, result: { kind: "imported", counts, edits: { contacts, since: roster.version } } };
}
