import { maySeePresence } from "@rollcall/rfc6121";
import {
  type DiscoInfo,
  discoInfoResult,
  discoItemsResult,
  discoNode,
  iqResult,
  isDiscoInfoRequest,
  isDiscoItemsRequest,
  isLastActivityRequest,
  isPing,
  lastActivityResult,
  pingResult,
} from "@rollcall/xeps";
import { errorReply, NS, type Stanza, stanzaPayload } from "@rollcall/xmpp";
import type { LastUnavailable } from "../sessions/last-unavailable.ts";
import type { AccountSessions } from "../sessions/session-registry.ts";
import type { Standing } from "./sender-standing.ts";

const accountInfo: DiscoInfo = {
  identities: [{ category: "account", type: "registered" }],
  features: [NS.discoInfo, NS.discoItems, NS.ping, NS.lastActivity],
};

/** What is known of the account that an iq asks about. */
export interface AccountFacts {
  readonly here: AccountSessions | undefined;
  readonly lastUnavailable: LastUnavailable | undefined;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/**
 * The answer in the name of an account to an iq get or set for its bare JID (RFC 6121, 8.5.2.1.3).
 *
 * Whoever may not see the account's presence gets `service-unavailable` for everything, so that it looks as an account
 * that does not exist. Only a contact in the roster, which knows that the account exists, is told `forbidden` when it
 * asks for last activity (XEP-0012, 4).
 */
export function answerForAccount(request: Stanza, standing: Standing, facts: AccountFacts): Stanza {
  if (!maySeePresence(standing)) {
    const condition =
      standing.inRoster && isLastActivityRequest(request) ? "forbidden" : "service-unavailable";
    return errorReply(request, condition);
  }
  if (isPing(request)) return pingResult(request);
  if (isDiscoInfoRequest(request)) {
    return discoNode(request) === undefined
      ? discoInfoResult(request, accountInfo)
      : errorReply(request, "item-not-found");
  }
  if (isDiscoItemsRequest(request)) {
    if (discoNode(request) !== undefined) return errorReply(request, "item-not-found");
    // Directed presence shows one resource, not the others.
    return discoItemsResult(request, standing.own || standing.subscribed ? resourceItems(facts) : []);
  }
  if (isLastActivityRequest(request)) return answerLastActivity(request, standing, facts);
  if (standing.own && isSessionRequest(request)) return iqResult(request);
  return errorReply(request, "service-unavailable");
}

function resourceItems({ here }: AccountFacts): { readonly jid: string }[] {
  return here?.sessions.filter((session) => session.available).map(({ jid }) => ({ jid })) ?? [];
}

function answerLastActivity(
  request: Stanza,
  standing: Standing,
  { here, lastUnavailable, now }: AccountFacts,
): Stanza {
  // Directed presence is about one resource; this is about the account.
  if (!standing.own && !standing.subscribed) return errorReply(request, "forbidden");
  if (here?.hasAvailable()) return lastActivityResult(request, { seconds: 0 });
  if (lastUnavailable === undefined) return errorReply(request, "service-unavailable");
  return lastActivityResult(request, {
    seconds: (now - lastUnavailable.at) / 1_000,
    status: statusOf(lastUnavailable.stanza),
  });
}

function statusOf(presence: Stanza): string | undefined {
  if (!presence.payload.includes("status")) return undefined;
  return stanzaPayload(presence)
    .find((child) => child.name === "status" && child.namespace === NS.client)
    ?.text();
}

/** The session request of RFC 3921, which does nothing any more. */
function isSessionRequest(request: Stanza): boolean {
  return request.type === "set" && request.childName === "session" && request.childNamespace === NS.session;
}
