/** Stanzas as text of one form, so that a whole conversation can be compared with what it has to be. */
import { escapeXml, type XmlNode, type XmppClient } from "@rollcall/testkit";

/** An element with its attributes in alphabetical order, and `xmlns` where it differs from the parent's. */
export function xmlOf(node: XmlNode, outer = "jabber:client"): string {
  const attributes = Object.entries({
    ...node.attributes,
    ...(node.namespace === outer ? {} : { xmlns: node.namespace }),
  });
  attributes.sort(([a], [b]) => (a < b ? -1 : 1));
  const start = node.name + attributes.map(([name, value]) => ` ${name}='${escapeXml(value)}'`).join("");
  if (node.children.length === 0) return `<${start}/>`;
  const children = node.children.map((child) =>
    typeof child === "string" ? escapeXml(child) : xmlOf(child, node.namespace),
  );
  return `<${start}>${children.join("")}</${node.name}>`;
}

export function isPush(node: XmlNode): boolean {
  return node.name === "iq" && node.type === "set" && node.child("query", "jabber:iq:roster") !== undefined;
}

/** `ver` of a push or of a roster. */
export function versionOf(node: XmlNode): string | undefined {
  return node.child("query", "jabber:iq:roster")?.attributes.ver;
}

/**
 * A session's stanzas as text. What no test can know stands as `*`: the id and the version of a push, which
 * `checkPushes` looks at, and the time of a delay.
 */
export function conversation(stanzas: readonly XmlNode[]): string[] {
  return stanzas.map((stanza) => {
    const text = xmlOf(stanza).replace(/ stamp='[^']*'/g, " stamp='*'");
    return isPush(stanza)
      ? text.replace(/ id='[^']*'/, " id='*'").replace(/ ver='[0-9]+'/, " ver='*'")
      : text;
  });
}

/** A roster push to a session, in the form of `conversation`. */
export function pushOf(session: XmppClient, item: string): string {
  return `<iq id='*' to='${session.full}' type='set'><query ver='*' xmlns='jabber:iq:roster'>${item}</query></iq>`;
}

/** The item of a contact, in the form of `conversation`. */
export function itemOf(
  jid: string,
  subscription: string,
  { ask = false, approved = false, name = undefined as string | undefined, groups = [] as string[] } = {},
): string {
  const start =
    `${approved ? " approved='true'" : ""}${ask ? " ask='subscribe'" : ""} jid='${jid}'` +
    `${name === undefined ? "" : ` name='${escapeXml(name)}'`} subscription='${subscription}'`;
  const children = groups.map((group) => `<group>${escapeXml(group)}</group>`).join("");
  return children === "" ? `<item${start}/>` : `<item${start}>${children}</item>`;
}

/** Presence from one resource to an account, as it is sent after an approval: with the time of its arrival. */
export function presenceWithDelay(from: string, to: string, payload = "", id?: string): string {
  const domain = from.slice(from.indexOf("@") + 1, from.indexOf("/"));
  const delay = `<delay from='${domain}' stamp='*' xmlns='urn:xmpp:delay'/>`;
  return `<presence from='${from}'${id === undefined ? "" : ` id='${id}'`} to='${to}'>${payload}${delay}</presence>`;
}

/**
 * Resolves when everything that these sessions' accounts have been told to do is done and has come through. Each round
 * goes through the roster owner and the presence owner of every account; what one account did for another, an
 * automatic reply too, is behind it.
 *
 * @param interested sessions that have fetched the roster, one of every account at least
 * @param others sessions without the roster
 */
export async function quiet(
  interested: readonly XmppClient[],
  others: readonly XmppClient[] = [],
): Promise<void> {
  for (let round = 1; round <= 3; round++) {
    for (const session of interested) await session.roster();
  }
  for (const session of [...interested, ...others]) await session.settled();
}

/** What has come to a session since the last look. */
export function takeConversation(session: XmppClient): string[] {
  return conversation(session.wire.takeAll());
}
