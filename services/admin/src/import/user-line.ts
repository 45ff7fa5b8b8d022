import type { BareJid } from "@rollcall/xmpp";
import { z } from "zod";
import { parseAccountJid } from "../account-jid.ts";
import { preparePassword } from "../accounts/password-keys.ts";
import type { Refusal } from "../refusal.ts";
import { describeIssue } from "../zod-issue.ts";

/** An account as operators write it, in a request and in a line of an import. */
const userSchema = z.strictObject({ jid: z.string(), password: z.string() });

export interface UserLine {
  readonly kind: "user";
  readonly jid: BareJid;
  /** Prepared. */
  readonly password: string;
}

/** Reads `{"jid": "alice@example.org", "password": "…"}`. */
export function parseUserLine(value: unknown, domains: ReadonlySet<string>): UserLine | Refusal {
  const parsed = userSchema.safeParse(value);
  if (!parsed.success) {
    return { kind: "refused", reason: "bad-request", message: describeIssue(parsed.error) };
  }
  const account = parseAccountJid(parsed.data.jid, domains);
  if (account.kind === "refused") return account;
  const prepared = preparePassword(parsed.data.password);
  if (prepared.kind === "refused") return prepared;
  return { kind: "user", jid: account.jid, password: prepared.password };
}
