import type { ContactRecord } from "@rollcall/contracts";
import { type BareJid, parseJid } from "@rollcall/xmpp";
import { z } from "zod";
import { parseAccountJid } from "../account-jid.ts";
import type { Refusal } from "../refusal.ts";
import { describeIssue } from "../zod-issue.ts";

/** One contact (design, section 6). Fields of others are passed on as they are. */
const contactSchema = z.looseObject({
  name: z.string().optional(),
  groups: z.array(z.string()).optional(),
  subscription: z.enum(["none", "to", "from", "both"]).optional(),
  pending_requests: z.record(z.string(), z.unknown()).optional(),
  ask: z.literal("subscribe").optional(),
  approved: z.boolean().optional(),
});

const rosterSchema = z.strictObject({ jid: z.string(), contacts: z.record(z.string(), contactSchema) });

export interface RosterLine {
  readonly kind: "roster";
  readonly jid: BareJid;
  /** By bare JID in canonical form. */
  readonly contacts: Readonly<Record<string, ContactRecord>>;
}

/** Reads `{"jid": "alice@example.org", "contacts": {"bob@example.org": {"subscription": "both"}}}`. */
export function parseRosterLine(value: unknown, domains: ReadonlySet<string>): RosterLine | Refusal {
  const parsed = rosterSchema.safeParse(value);
  if (!parsed.success) {
    return { kind: "refused", reason: "bad-request", message: describeIssue(parsed.error) };
  }
  const account = parseAccountJid(parsed.data.jid, domains);
  if (account.kind === "refused") return account;
  const contacts = new Map<string, ContactRecord>();
  for (const [text, record] of Object.entries(parsed.data.contacts)) {
    const contact = parseJid(text);
    if (contact === undefined) return bad(`contact ${JSON.stringify(text)} is not a JID`);
    if (contact.resource !== "") return bad(`contact ${JSON.stringify(text)} has a resource`);
    if (contact.bare === account.jid) return bad("nobody is a contact of themselves");
    if (contacts.has(contact.bare)) return bad(`contact ${contact.bare} is named twice`);
    contacts.set(contact.bare, record);
  }
  return { kind: "roster", jid: account.jid, contacts: Object.fromEntries(contacts) };
}

function bad(message: string): Refusal {
  return { kind: "refused", reason: "bad-contact", message };
}
