import { type BareJid, parseJid } from "../jid.ts";

/**
 * Whom an authenticated user may act as (RFC 6120, 6.3.8): itself. A client may say so, by its bare JID.
 *
 * @returns `undefined` where the client asked for anybody else (`invalid-authzid`).
 */
export function authorize(
  username: string,
  domain: string,
  authzid: string | undefined,
): BareJid | undefined {
  const own = `${username}@${domain}` as BareJid;
  if (authzid === undefined) return own;
  const jid = parseJid(authzid);
  return jid?.resource === "" && jid.bare === own ? own : undefined;
}
