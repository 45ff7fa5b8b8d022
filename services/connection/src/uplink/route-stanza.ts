import type { DeliverStanza, RosterCommand, SessionCommand } from "@rollcall/contracts";
import { addresseeRouting, type StanzaClass } from "@rollcall/rfc6121";
import { type BareJid, type Jid, NS, type Stanza } from "@rollcall/xmpp";
import type { LocalSession } from "../sessions/local-session.ts";
import { isSubscription } from "./accept-stanza.ts";
import { isStreamRequest } from "./answer-server.ts";

/** Who has to act on an accepted stanza. Commands are awaited before the session's next stanza; deliveries are not. */
export type Destination =
  /** The presence owner of the addressed account. */
  | { readonly kind: "deliver"; readonly key: BareJid; readonly message: DeliverStanza }
  /** The presence owner of the sender. */
  | { readonly kind: "presence-command"; readonly command: Exclude<SessionCommand, { kind: "end-session" }> }
  /** The roster owner of the sender. */
  | { readonly kind: "roster-command"; readonly command: RosterCommand }
  | { readonly kind: "answer-as-server"; readonly stanza: Stanza }
  | { readonly kind: "remote-domain"; readonly stanza: Stanza }
  | { readonly kind: "ignore" };

const ignore: Destination = { kind: "ignore" };

/** Where an accepted stanza goes (RFC 6120, 10.3 to 10.5; RFC 6121, 8.2 to 8.5). Numbers the commands of the session. */
export function routeStanza(
  session: LocalSession,
  stanza: Stanza,
  stanzaClass: StanzaClass,
  to: Jid | undefined,
  isOwnDomain: (domain: string) => boolean,
  at: number,
): Destination {
  switch (addresseeRouting[addresseeOf(to, isOwnDomain)][stanza.kind]) {
    case "route-to-domain":
      // The account's own side of a subscription changes whether the contact can be reached or not.
      return isSubscription(stanzaClass)
        ? rosterCommand(session, "outbound-subscription", stanza, at)
        : { kind: "remote-domain", stanza };
    case "handle-as-server":
      return { kind: "answer-as-server", stanza };
    case "broadcast":
      return broadcast(session, stanza, stanzaClass, at);
    case "as-to-own-account":
      return isStreamRequest(stanza)
        ? { kind: "answer-as-server", stanza }
        : toAccount(session, { ...stanza, to: session.account }, stanzaClass, session.account, stanza, at);
    case "route-to-account":
      if (stanza.kind === "presence") return toContact(session, stanza, stanzaClass, at);
      return toAccount(session, stanza, stanzaClass, to!.bare, stanza, at);
  }
}

function addresseeOf(to: Jid | undefined, isOwnDomain: (domain: string) => boolean) {
  if (to === undefined) return "nobody";
  if (!isOwnDomain(to.domain)) return "remote-domain";
  if (to.local !== "") return "local-account";
  return to.resource === "" ? "own-domain" : "own-domain-resource";
}

/** Presence without `to`: a probe or an error that is meant for nobody is dropped. */
function broadcast(session: LocalSession, stanza: Stanza, stanzaClass: StanzaClass, at: number): Destination {
  if (stanzaClass !== "presence available" && stanzaClass !== "presence unavailable") return ignore;
  return {
    kind: "presence-command",
    command: { kind: "broadcast-presence", session: session.ref, stanza, at },
  };
}

function toContact(session: LocalSession, stanza: Stanza, stanzaClass: StanzaClass, at: number): Destination {
  if (isSubscription(stanzaClass)) return rosterCommand(session, "outbound-subscription", stanza, at);
  return {
    kind: "presence-command",
    command: { kind: "direct-presence", session: session.ref, stanza, at },
  };
}

/** A message or an iq for an account, the own one included. `original` is the stanza with the client's own `to`. */
function toAccount(
  session: LocalSession,
  stanza: Stanza,
  stanzaClass: StanzaClass,
  account: BareJid,
  original: Stanza,
  at: number,
): Destination {
  if (stanza.to === account) {
    if (stanzaClass === "iq request" && isRosterRequest(stanza)) {
      return rosterCommand(session, "roster-iq", original, at);
    }
    // Answers to roster pushes and to pings: no request of the account waits for them (RFC 6120, 10.3.3 r3).
    if (stanzaClass === "iq response") return ignore;
  }
  return { kind: "deliver", key: account, message: { stanza, failedSession: undefined, at } };
}

function isRosterRequest(stanza: Stanza): boolean {
  return stanza.childNamespace === NS.roster && stanza.childName === "query";
}

function rosterCommand(
  session: LocalSession,
  kind: RosterCommand["kind"],
  stanza: Stanza,
  at: number,
): Destination {
  const { ref } = session;
  const id = { origin: ref.node, session: ref.session, sequence: ++session.sequence };
  return { kind: "roster-command", command: { kind, id, session: ref, stanza, at } };
}
