/**
 * Every cell of RFC 6121, Appendix A, on the wire: an account in the state, with a session of every kind, and what each
 * session and the contact are told.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Person, story, storyServer, type XmppClient } from "@rollcall/testkit";
import { facetsOf, type Row, rows, type StanzaType, type State } from "../../model/appendix-a.ts";
import { presenceWithDelay, pushOf, quiet, takeConversation } from "../exact-stanzas.ts";
import {
  emptyInboxes,
  type Household,
  household,
  itemInState,
  putInState,
  storedContact,
  told,
} from "./in-state.ts";

const server = await storyServer();

/** A state of the contact in which it takes the stanza and shows it. */
const contactTakes: Readonly<Record<StanzaType, State>> = {
  subscribe: "None",
  unsubscribe: "None+PI",
  subscribed: "None+PO",
  unsubscribed: "None+PO",
};

/** A state of the contact in which the server routes the stanza that the contact sends. */
const contactSends: Readonly<Record<StanzaType, State>> = {
  subscribe: "None",
  unsubscribe: "None",
  subscribed: "None+PI",
  unsubscribed: "None+PI",
};

interface Scene {
  readonly row: Row;
  readonly juliet: Person;
  readonly romeo: Person;
  readonly home: Household;
  readonly orchard: XmppClient;
}

/** Juliet's presence as her contact gets it, from each of her available resources, with the time. */
function julietsPresence({ romeo, home }: Scene): string[] {
  return [home.garden, home.balcony].map((session) =>
    presenceWithDelay(
      session.full,
      romeo.jid,
      session === home.garden ? "<show>dnd</show>" : "<status>sighing</status>",
      "*",
    ),
  );
}

function julietsAbsence({ home, romeo }: Scene): string[] {
  return [home.garden, home.balcony].map(
    (session) => `<presence from='${session.full}' to='${romeo.jid}' type='unavailable'/>`,
  );
}

function withoutPresenceIds(stanzas: readonly string[]): string[] {
  return stanzas.map((stanza) => stanza.replace(/^(<presence from='[^']*\/[^']*') id='[^']*'/, "$1 id='*'"));
}

function stanzaOf(type: StanzaType, from: string, to: string): string {
  return `<presence from='${from}' id='step' to='${to}' type='${type}'><status>${type} it is</status></presence>`;
}

/** What Juliet sends, and what comes of it. */
async function out(scene: Scene): Promise<void> {
  const { row, juliet, romeo, home, orchard } = scene;
  home.balcony.send(
    `<presence to='${romeo.jid}' type='${row.type}' id='step'><status>${row.type} it is</status></presence>`,
  );
  await settled(scene);
  const pushes = row.push || row.effects.includes("approve");
  const item = itemInState(romeo.jid, row.next, row.effects.includes("approve"));
  assert.deepEqual(told(home), {
    balcony: pushes ? [pushOf(home.balcony, item)] : [],
    chamber: pushes ? [pushOf(home.chamber, item)] : [],
    garden: [],
    cellar: [],
  });

  const expected: string[] = [];
  if (row.effects.includes("before:unavailable")) expected.push(...julietsAbsence(scene));
  if (row.passes) {
    expected.push(stanzaOf(row.type, juliet.jid, romeo.jid));
    if (row.type === "subscribed") expected.push(pushOf(orchard, itemInState(juliet.jid, "To")));
    if (row.type === "unsubscribed") expected.push(pushOf(orchard, itemInState(juliet.jid, "None")));
  }
  if (row.effects.includes("after:presence")) expected.push(...julietsPresence(scene));
  assert.deepEqual(withoutPresenceIds(takeConversation(orchard)), expected);
}

/** What Romeo sends, and what comes of it. */
async function inbound(scene: Scene): Promise<void> {
  const { row, juliet, romeo, home, orchard } = scene;
  orchard.send(
    `<presence to='${juliet.jid}' type='${row.type}' id='step'><status>${row.type} it is</status></presence>`,
  );
  await settled(scene);
  const stanza = row.passes ? [stanzaOf(row.type, romeo.jid, juliet.jid)] : [];
  const item = itemInState(romeo.jid, row.next);
  const push = (session: XmppClient): string[] => (row.push ? [pushOf(session, item)] : []);
  // Romeo approves: Juliet's available resources see him, if he could approve at all.
  const sight =
    row.type === "subscribed" ? [presenceWithDelay(orchard.full, juliet.jid, "<show>chat</show>", "*")] : [];
  const isRequest = row.type === "subscribe";
  const heard = told(home);
  assert.deepEqual(
    Object.fromEntries(Object.entries(heard).map(([name, what]) => [name, withoutPresenceIds(what)])),
    {
      balcony: [...stanza, ...push(home.balcony), ...sight],
      chamber: [...(isRequest ? [] : stanza), ...push(home.chamber)],
      garden: [...(isRequest ? stanza : []), ...sight],
      cellar: [],
    },
  );

  const expected: string[] = [];
  if (isRequest) expected.push(pushOf(orchard, itemInState(juliet.jid, "None+PO")));
  if (row.type === "subscribed") expected.push(pushOf(orchard, itemInState(juliet.jid, "From")));
  if (row.effects.includes("after:unavailable")) expected.push(...julietsAbsence(scene));
  if (row.effects.includes("reply:subscribed")) {
    expected.push(
      `<presence from='${juliet.jid}' to='${romeo.jid}' type='subscribed'/>`,
      pushOf(orchard, itemInState(juliet.jid, "To")),
      ...julietsPresence(scene),
    );
  }
  assert.deepEqual(withoutPresenceIds(takeConversation(orchard)), expected);
}

/** Everything has come through, replies too. */
async function settled({ home, orchard }: Scene): Promise<void> {
  await quiet([home.balcony, home.chamber, orchard], [home.garden, home.cellar]);
}

async function checkStored({ row, juliet, romeo }: Scene): Promise<void> {
  const { subscription, ask, asked } = facetsOf(row.next);
  const stored = await storedContact(juliet, romeo.jid);
  assert.equal(stored?.subscription, subscription);
  assert.equal(stored?.ask, ask ? "subscribe" : undefined);
  assert.equal(stored?.approved ?? false, row.effects.includes("approve"));
  const request = stored?.pending_requests.subscribe?.stanza;
  assert.equal(request !== undefined, asked, "a request is kept exactly as long as it waits");
  if (asked && !row.effects.includes("store-request")) assert.match(request ?? "", /<status>please</);
  if (row.effects.includes("store-request")) assert.match(request ?? "", /<status>subscribe it is</);
}

describe("Appendix A", () => {
  for (const row of rows) {
    test(
      `${row.direction} ${row.type} in ${row.state}`,
      story(server, ["juliet", "romeo"], async ({ juliet, romeo }) => {
        const home = await household(juliet);
        const orchard = await romeo.online("orchard", "<show>chat</show>");
        await putInState(juliet, romeo, row.state);
        const other = (row.direction === "out" ? contactTakes : contactSends)[row.type];
        await putInState(romeo, juliet, other);
        await emptyInboxes(home, orchard);
        const scene: Scene = { row, juliet, romeo, home, orchard };
        await (row.direction === "out" ? out(scene) : inbound(scene));
        await checkStored(scene);
      }),
    );
  }
});
