/** Delayed Delivery (XEP-0203). */
import { escapeAttribute, NS, type Stanza } from "@rollcall/xmpp";
import { dateTime } from "./date-time.ts";

/**
 * The stanza with a note of when the server got it.
 *
 * @param at milliseconds since the epoch.
 * @param from who vouches for the time: a domain of the server, or the account whose presence it is.
 */
export function withDelay(stanza: Stanza, at: number, from: string): Stanza {
  const delay = `<delay xmlns="${NS.delay}" from="${escapeAttribute(from)}" stamp="${dateTime(at)}"/>`;
  return {
    ...stanza,
    payload: stanza.payload + delay,
    childName: stanza.childName ?? "delay",
    childNamespace: stanza.childNamespace ?? NS.delay,
    childCount: stanza.childCount + 1,
  };
}
