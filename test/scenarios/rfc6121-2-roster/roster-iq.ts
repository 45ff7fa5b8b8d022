/** Roster sets as clients write them. */
import assert from "node:assert/strict";
import type { XmlNode, XmppClient } from "@rollcall/testkit";

export const rosterNamespace = "jabber:iq:roster";

/** Sends a roster set with this content, and returns the answer. */
export function rosterSet(session: XmppClient, content: string, to?: string): Promise<XmlNode> {
  return session.request("set", `<query xmlns='${rosterNamespace}'>${content}</query>`, to);
}

/** A roster set that has to succeed: the result comes to the session that sent it, and has no content. */
export async function setItem(session: XmppClient, content: string): Promise<void> {
  const answer = await rosterSet(session, content);
  assert.equal(answer.type, "result", `${answer}`);
  assert.equal(answer.to, session.full);
  assert.deepEqual(answer.children, []);
}

/** The complete roster: the items by JID, and the version. */
export async function rosterOf(
  session: XmppClient,
): Promise<{ items: Map<string, XmlNode>; version: string | undefined }> {
  const answer = await session.roster();
  assert.equal(answer.type, "result");
  const query = answer.child("query", rosterNamespace) as XmlNode;
  return {
    items: new Map(query.elements().map((item) => [item.attributes.jid ?? "", item])),
    version: query.attributes.ver,
  };
}

export function groupsOf(item: XmlNode | undefined): string[] {
  return (item?.elements() ?? []).map((group) => group.text());
}
