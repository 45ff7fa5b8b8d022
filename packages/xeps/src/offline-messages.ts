/**
 * Which messages are worth keeping for an account that takes none now (XEP-0160, with the hints of XEP-0334).
 *
 * Only `normal` and `chat` messages are ever asked about; for the other types RFC 6121, section 8, decides.
 */
import { NS, type Stanza, stanzaPayload } from "@rollcall/xmpp";

const CHAT_STATES = "http://jabber.org/protocol/chatstates";
const HINTS = "urn:xmpp:hints";

/**
 * Not kept: a message that says nothing but a chat state (XEP-0160, 3), one without children, and one whose sender
 * asks for it (`no-store`, `no-permanent-store`, unless there is `store`). Everything else is, with or without a body:
 * receipts, invitations and encrypted payloads have none.
 */
export function isKeptOffline(message: Stanza): boolean {
  if (message.childCount === 0) return false;
  const children = stanzaPayload(message);
  const hints = children.filter((child) => child.namespace === HINTS).map((child) => child.name);
  if (hints.includes("store")) return true;
  if (hints.includes("no-store") || hints.includes("no-permanent-store")) return false;
  return children.some(
    (child) =>
      child.namespace !== HINTS &&
      child.namespace !== CHAT_STATES &&
      !(child.name === "thread" && child.namespace === NS.client),
  );
}
