import { type StanzaClass, stanzaClassOf } from "@rollcall/rfc6121";
import { type Jid, parseJid, type Stanza, type StanzaErrorCondition } from "@rollcall/xmpp";
import type { LocalSession } from "../sessions/local-session.ts";

/** What a client's stanza became: fit to be handed over, or refused with an error, or not worth an answer. */
export type Acceptance =
  | {
      readonly kind: "accepted";
      /** `from` stamped, `to` canonical, with the language of the stream. */
      readonly stanza: Stanza;
      readonly stanzaClass: StanzaClass;
      /** `to` in parts; `undefined` where absent. */
      readonly to: Jid | undefined;
    }
  | { readonly kind: "refused"; readonly condition: StanzaErrorCondition };

function refused(condition: StanzaErrorCondition): Acceptance {
  return { kind: "refused", condition };
}

/**
 * Checks the shape of a stanza and gives it its addresses.
 *
 * `from` is the session's full JID whatever the client wrote (RFC 6120, 8.1.2.1); subscription stanzas go from bare
 * JID to bare JID (RFC 6121, 3 and 3.1.2). A present `xml:lang` is left alone (RFC 6120, 8.1.5).
 */
export function acceptStanza(session: LocalSession, received: Stanza): Acceptance {
  const stanzaClass = stanzaClassOf(received);
  if (stanzaClass === undefined) return refused("bad-request");
  if (received.kind === "iq" && !isWellShapedIq(received)) return refused("bad-request");

  let to: Jid | undefined;
  if (received.to !== undefined) {
    to = parseJid(received.to);
    if (to === undefined) return refused("jid-malformed");
  }
  const subscription = isSubscription(stanzaClass);
  if (subscription && to === undefined) return refused("bad-request");
  return {
    kind: "accepted",
    stanzaClass,
    to,
    stanza: {
      kind: received.kind,
      type: received.type,
      to: subscription ? to!.bare : to?.full,
      from: subscription ? session.account : session.jid,
      id: received.id,
      lang: received.lang ?? session.lang,
      extraAttributes: received.extraAttributes,
      payload: received.payload,
      childName: received.childName,
      childNamespace: received.childNamespace,
      childCount: received.childCount,
    },
  };
}

/** RFC 6120, 8.2.3: an id, exactly one child in a request, at most one in a result. */
function isWellShapedIq(iq: Stanza): boolean {
  if (iq.id === undefined || iq.id === "") return false;
  switch (iq.type) {
    case "result":
      return iq.childCount <= 1;
    case "error":
      return true;
    default:
      return iq.childCount === 1;
  }
}

/** Whether the class is one of the four that manage subscriptions (RFC 6121, 3). */
export function isSubscription(stanzaClass: StanzaClass): boolean {
  return (
    stanzaClass === "presence subscribe" ||
    stanzaClass === "presence subscribed" ||
    stanzaClass === "presence unsubscribe" ||
    stanzaClass === "presence unsubscribed"
  );
}
