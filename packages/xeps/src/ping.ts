/** XMPP Ping (XEP-0199). */
import { NS, type Stanza } from "@rollcall/xmpp";
import { iqResult, isGet } from "./iq-result.ts";

export function isPing(stanza: Stanza): boolean {
  return isGet(stanza, "ping", NS.ping);
}

/** The empty result that answers a ping. */
export function pingResult(request: Stanza): Stanza {
  return iqResult(request);
}
