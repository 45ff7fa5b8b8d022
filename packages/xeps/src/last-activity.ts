/**
 * Last Activity (XEP-0012).
 *
 * Asked of a domain: how long the server is up. Asked of a bare JID: how long ago the account went offline, 0 while it
 * has an available resource; only for those who may see its presence.
 */
import { escapeText, NS, type Stanza } from "@rollcall/xmpp";
import { iqResult, isGet } from "./iq-result.ts";

export interface LastActivity {
  /** Whole seconds, not negative. */
  readonly seconds: number;
  /** Status text of the last unavailable presence. */
  readonly status?: string | undefined;
}

export function isLastActivityRequest(stanza: Stanza): boolean {
  return isGet(stanza, "query", NS.lastActivity);
}

export function lastActivityResult(request: Stanza, activity: LastActivity): Stanza {
  const start = `<query xmlns="${NS.lastActivity}" seconds="${Math.max(0, Math.floor(activity.seconds))}"`;
  const status = activity.status ?? "";
  return iqResult(request, {
    name: "query",
    namespace: NS.lastActivity,
    xml: status === "" ? `${start}/>` : `${start}>${escapeText(status)}</query>`,
  });
}
