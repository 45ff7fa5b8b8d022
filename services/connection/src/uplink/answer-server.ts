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
  isVersionRequest,
  lastActivityResult,
  pingResult,
  type SoftwareVersion,
  versionResult,
} from "@rollcall/xeps";
import { NS, type Stanza } from "@rollcall/xmpp";
import { bounce } from "../bounce.ts";

/** What the server says about itself. */
export interface ServerFacts {
  readonly software: SoftwareVersion;
  /** Milliseconds since the epoch at which the service started. */
  readonly startedAt: number;
}

const serverInfo: DiscoInfo = {
  identities: [{ category: "server", type: "im", name: "Rollcall" }],
  features: [NS.discoInfo, NS.discoItems, NS.ping, NS.version, NS.lastActivity, NS.roster, NS.preApproval],
};

/**
 * The answer of the server to a stanza for one of its own domains, or for a resource of one (RFC 6120, 10.5.1 and
 * 10.5.2). The stanza is accepted: stamped and well shaped.
 *
 * Unknown requests and messages get `service-unavailable` (8.4); presence gets nothing, except a subscription
 * request, which nobody would ever answer.
 */
export function answerServer(stanza: Stanza, facts: ServerFacts, now: number): Stanza | undefined {
  const sender = stanza.from!;
  if (stanza.kind === "presence") {
    return stanza.type === "subscribe" ? bounce(stanza, "service-unavailable", sender) : undefined;
  }
  if (stanza.kind === "message") return bounce(stanza, "service-unavailable", sender);
  if (isPing(stanza)) return pingResult(stanza);
  if (isDiscoInfoRequest(stanza)) {
    return discoNode(stanza) === undefined
      ? discoInfoResult(stanza, serverInfo)
      : bounce(stanza, "item-not-found", sender);
  }
  if (isDiscoItemsRequest(stanza)) {
    return discoNode(stanza) === undefined
      ? discoItemsResult(stanza, [])
      : bounce(stanza, "item-not-found", sender);
  }
  if (isVersionRequest(stanza)) return versionResult(stanza, facts.software);
  if (isLastActivityRequest(stanza)) {
    return lastActivityResult(stanza, { seconds: (now - facts.startedAt) / 1_000 });
  }
  if (isStreamRequest(stanza)) {
    return stanza.childName === "session" ? iqResult(stanza) : bounce(stanza, "not-allowed", sender);
  }
  return bounce(stanza, "service-unavailable", sender);
}

/**
 * A request about the stream itself: for a second resource, which a stream cannot have, or
 * the session request of RFC 3921, which does nothing any more and is still sent by old clients.
 */
export function isStreamRequest(stanza: Stanza): boolean {
  return (
    stanza.kind === "iq" &&
    stanza.type === "set" &&
    ((stanza.childName === "bind" && stanza.childNamespace === NS.bind) ||
      (stanza.childName === "session" && stanza.childNamespace === NS.session))
  );
}
