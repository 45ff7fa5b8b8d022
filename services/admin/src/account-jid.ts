import { type BareJid, parseJid } from "@rollcall/xmpp";
import type { Refusal } from "./refusal.ts";

/** The JID of an account of this server in canonical form, or why the text is none. */
export type AccountJid = { readonly kind: "account"; readonly jid: BareJid } | Refusal;

/** Reads JIDs that operators write. `domains` are the ones that live here, in canonical form. */
export function parseAccountJid(text: string, domains: ReadonlySet<string>): AccountJid {
  const jid = parseJid(text);
  if (jid === undefined) return bad(`${quote(text)} is not a JID`);
  if (jid.local === "") return bad(`${quote(text)} names a domain; an account is user@domain`);
  if (jid.resource !== "") return bad(`${quote(text)} has a resource; an account is ${jid.bare}`);
  if (!domains.has(jid.domain)) {
    return bad(`${jid.domain} is not a domain of this server, which has ${[...domains].join(", ")}`);
  }
  return { kind: "account", jid: jid.bare };
}

/** Text of an operator as an answer may repeat it. */
function quote(text: string): string {
  return JSON.stringify(text.length > 200 ? `${text.slice(0, 200)}…` : text);
}

function bad(message: string): Refusal {
  return { kind: "refused", reason: "bad-jid", message };
}
