/** Two people of whom one has the other in a certain state of Appendix A, with every kind of session. */
import assert from "node:assert/strict";
import type { Person, XmlNode, XmppClient } from "@rollcall/testkit";
import { facetsOf, type State } from "../../model/appendix-a.ts";
import { itemOf, quiet, takeConversation } from "../exact-stanzas.ts";

/** The stored request of a contact, as complete as it was sent. */
export function storedRequest(from: string, to: string): string {
  return `<presence from='${from}' id='ask' to='${to}' type='subscribe'><status>please</status></presence>`;
}

/** Puts one side of a subscription into a state, as an operator's import does. */
export async function putInState(
  owner: Person,
  contact: Person,
  state: State,
  { approved = false, item = true } = {},
): Promise<void> {
  const { subscription, ask, asked } = facetsOf(state);
  const record = {
    subscription,
    ...(ask ? { ask: "subscribe" as const } : {}),
    ...(approved ? { approved } : {}),
    ...(item ? {} : { in_roster: false }),
    pending_requests: asked
      ? { subscribe: { stanza: storedRequest(contact.jid, owner.jid), at: 1_700_000_000_000 } }
      : {},
  };
  await owner.server.importRoster(owner.jid, { [contact.jid]: record });
}

export interface StoredContact {
  readonly subscription: string;
  readonly ask?: string;
  readonly approved?: boolean;
  readonly in_roster?: boolean;
  readonly pending_requests: { readonly subscribe?: { readonly stanza: string } };
}

/** What the roster of one says of the other, stored requests included. */
export async function storedContact(owner: Person, contact: string): Promise<StoredContact | undefined> {
  const answer = await owner.server.admin("GET", `/rosters/${encodeURIComponent(owner.jid)}`);
  assert.equal(answer.status, 200);
  const { contacts } = (await answer.json()) as { contacts: Record<string, StoredContact> };
  return contacts[contact];
}

/** One account with a session of every kind. */
export interface Household {
  /** Available and interested. */
  readonly balcony: XmppClient;
  /** Interested, not available. */
  readonly chamber: XmppClient;
  /** Available, not interested. */
  readonly garden: XmppClient;
  /** Connected, and nothing more. */
  readonly cellar: XmppClient;
}

export async function household(person: Person): Promise<Household> {
  const chamber = await person.interested("chamber");
  const cellar = await person.connect("cellar");
  const garden = await person.connect("garden");
  await garden.presence("<show>dnd</show>");
  const balcony = await person.interested("balcony");
  await balcony.presence("<status>sighing</status>");
  return { balcony, chamber, garden, cellar };
}

/** Everything has come through, and what came is taken out of the inboxes. */
export async function emptyInboxes(home: Household, ...guests: readonly XmppClient[]): Promise<void> {
  await quiet([home.balcony, home.chamber, ...guests], [home.garden, home.cellar]);
  for (const session of [...Object.values(home), ...guests]) session.wire.takeAll();
}

/** What every session of the household has been told since. */
export function told(home: Household): Record<keyof Household, string[]> {
  return {
    balcony: takeConversation(home.balcony),
    chamber: takeConversation(home.chamber),
    garden: takeConversation(home.garden),
    cellar: takeConversation(home.cellar),
  };
}

/** The item as clients see it in this state. */
export function itemInState(jid: string, state: State, approved = false): string {
  const { subscription, ask } = facetsOf(state);
  return itemOf(jid, subscription, { ask, approved });
}

/** Versions of pushes to one session, in the order of their arrival. */
export function checkPushes(pushes: readonly XmlNode[]): void {
  const versions = pushes.map((push) => Number(push.child("query")?.attributes.ver));
  versions.forEach((version, index) => {
    assert.ok(Number.isSafeInteger(version));
    assert.ok(index === 0 || version > (versions[index - 1] as number), `versions ${versions.join(", ")}`);
  });
  assert.equal(new Set(pushes.map(({ id }) => id)).size, pushes.length, "every push has an id of its own");
}
