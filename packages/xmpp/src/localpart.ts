import { limited, maxPartBytes } from "./jid-part-limit.ts";
import { enforceUsernameCaseMapped } from "./precis/username-case-mapped.ts";

/** Printable ASCII without the characters that RFC 7622, 3.3.1, excludes. */
const asciiLocalpart = /^[!#-%(-.0-9;=?A-Z[-~]+$/;
const excluded = /["&'/:<>@]/;

/**
 * Enforces a localpart (RFC 7622, 3.3): UsernameCaseMapped, none of `" & ' / : < > @`, 1 to 1023 bytes.
 * Nothing is escaped (XEP-0106 is for clients and gateways).
 *
 * @returns the canonical form, or `undefined` where the text is not a localpart.
 */
export function prepareLocal(text: string): string | undefined {
  if (asciiLocalpart.test(text)) return text.length <= maxPartBytes ? text.toLowerCase() : undefined;
  const enforced = enforceUsernameCaseMapped(text);
  return enforced === undefined || excluded.test(enforced) ? undefined : limited(enforced);
}
