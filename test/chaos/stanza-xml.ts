/** Stanzas of a history as XML, and back. */
import { parseFragment, type Stanza } from "@rollcall/xmpp";
import type { Marker, ReceivedStanza, RosterItem, SentStanza, SubscriptionType } from "./checker/history.ts";
import { bareOf } from "./checker/sessions.ts";

const marked = /\bm(\d+)-(\d+)\b/;
const subscriptionTypes: readonly string[] = ["subscribe", "subscribed", "unsubscribe", "unsubscribed"];

function textOf({ session, sequence }: Marker): string {
  return `m${session}-${sequence}`;
}

/** The marker that an id is. */
export function markerId(id: string | undefined): Marker | undefined {
  const found = marked.exec(id ?? "");
  return found === null ? undefined : { session: Number(found[1]), sequence: Number(found[2]) };
}

export function toXml(stanza: SentStanza, marker: Marker): string {
  const id = textOf(marker);
  switch (stanza.what) {
    case "message":
      return `<message type='chat' to='${stanza.to}' id='${id}'><body>hello</body></message>`;
    case "iq":
      return `<iq type='get' to='${stanza.to}' id='${id}'><query xmlns='urn:example:question'/></iq>`;
    case "available":
    case "unavailable": {
      const type = stanza.what === "unavailable" ? " type='unavailable'" : "";
      const to = stanza.to === undefined ? "" : ` to='${stanza.to}'`;
      return `<presence${type}${to} id='${id}'><status>${id}</status></presence>`;
    }
    case "subscription":
      return `<presence type='${stanza.type}' to='${stanza.to}' id='${id}'/>`;
    case "roster-set": {
      const change = stanza.name === undefined ? "subscription='remove'" : `name='${stanza.name}'`;
      return `<iq type='set' id='${id}'><query xmlns='jabber:iq:roster'><item jid='${stanza.contact}' ${change}/></query></iq>`;
    }
  }
}

/** What a stanza from the server is to the checker; nothing, where it does not care. */
export function fromXml(stanza: Stanza, account: string): ReceivedStanza[] {
  const from = stanza.from ?? account;
  if (stanza.kind === "iq") {
    if (stanza.childNamespace === "jabber:iq:roster") return pushes(stanza.payload);
    const marker = markerId(stanza.id);
    return marker === undefined ? [] : [{ what: "iq", from, marker }];
  }
  if (stanza.kind === "message") {
    const marker = markerId(stanza.id);
    return marker === undefined ? [] : [{ what: "message", from, marker }];
  }
  const { type } = stanza;
  if (type !== undefined && subscriptionTypes.includes(type)) {
    const seen = { what: "subscription", type: type as SubscriptionType, from: bareOf(from) } as const;
    const marker = markerId(stanza.id);
    return [marker === undefined ? seen : { ...seen, marker }];
  }
  if (type !== undefined && type !== "unavailable") return [];
  const what = type ?? "available";
  const marker = markerId(stanza.payload);
  return [marker === undefined ? { what, from } : { what, from, marker }];
}

function pushes(payload: string): ReceivedStanza[] {
  const version = /<query[^>]*\sver=["'](\d+)["']/.exec(payload)?.[1];
  if (version === undefined) return [];
  return itemsOf(payload).map((item) => ({ what: "push", version, item }));
}

/** The items of a roster query, in a result or a push. */
export function itemsOf(payload: string): RosterItem[] {
  const query = parseFragment(payload).find((child) => child.name === "query");
  return (query?.elements() ?? []).map((item) => ({
    contact: item.attribute("jid") ?? "",
    name: item.attribute("name"),
    subscription: item.attribute("subscription") ?? "none",
    asks: item.attribute("ask") !== undefined,
  }));
}
