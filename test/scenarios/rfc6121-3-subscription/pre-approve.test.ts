import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Person, story, storyServer } from "@rollcall/testkit";
import { facetsOf, type State } from "../../model/appendix-a.ts";
import { itemOf, pushOf, quiet, takeConversation } from "../exact-stanzas.ts";
import { openStream } from "../raw-stream.ts";
import { emptyInboxes, household, itemInState, putInState, storedContact, told } from "./in-state.ts";

const server = await storyServer();

const approvable: readonly State[] = ["None", "None+PO", "To"];

/** Where a request leads that meets a pre-approval. */
const met: Readonly<Record<string, State>> = { None: "From", "None+PO": "From+PO", To: "Both" };

/** Whether the flag is there, and the state. */
async function standing(owner: Person, contact: Person): Promise<readonly unknown[]> {
  const stored = await storedContact(owner, contact.jid);
  return [stored?.subscription, stored?.ask ?? "", stored?.approved ?? false];
}

describe("pre-approval", () => {
  test(
    "is offered to whoever has logged in, without being required",
    story(server, ["juliet"], async ({ juliet }) => {
      const before = await openStream(server);
      assert.equal(before.features.child("sub"), undefined);
      before.wire.cut();
      const session = await juliet.connect();
      const features = session.wire.received.slice(session.wire.received.lastIndexOf("<stream:features"));
      assert.match(features, /<sub xmlns=["']urn:xmpp:features:pre-approval["']\/>/);
    }),
  );

  test(
    "of a stranger makes an ordinary item with the flag, and tells the contact nothing; a second one says nothing at all",
    story(server, ["juliet", "romeo"], async ({ juliet, romeo }) => {
      const home = await household(juliet);
      const orchard = await romeo.online("orchard");
      await emptyInboxes(home, orchard);
      for (const time of ["first", "second"]) {
        home.garden.send(`<presence to='${romeo.jid}' type='subscribed'/>`);
        await quiet([home.balcony, home.chamber, orchard], [home.garden, home.cellar]);
        const item = itemOf(romeo.jid, "none", { approved: true });
        assert.deepEqual(told(home), {
          balcony: time === "first" ? [pushOf(home.balcony, item)] : [],
          chamber: time === "first" ? [pushOf(home.chamber, item)] : [],
          garden: [],
          cellar: [],
        });
        assert.deepEqual(takeConversation(orchard), []);
      }
      const item = (await juliet.contacts()).get(romeo.jid);
      assert.equal(item?.attributes.approved, "true");
    }),
  );

  for (const state of approvable) {
    test(
      `in ${state} answers the request by itself, without showing it, and is used up`,
      story(server, ["juliet", "romeo"], async ({ juliet, romeo }) => {
        const home = await household(juliet);
        const orchard = await romeo.online("orchard");
        await putInState(juliet, romeo, state);
        home.balcony.send(`<presence to='${romeo.jid}' type='subscribed'/>`);
        await emptyInboxes(home, orchard);
        assert.deepEqual(await standing(juliet, romeo), [
          facetsOf(state).subscription,
          facetsOf(state).ask ? "subscribe" : "",
          true,
        ]);
        orchard.send(`<presence to='${juliet.jid}' type='subscribe' id='ask'/>`);
        await quiet([home.balcony, home.chamber, orchard], [home.garden, home.cellar]);
        const item = itemInState(romeo.jid, met[state] as State);
        assert.deepEqual(told(home), {
          balcony: [pushOf(home.balcony, item)],
          chamber: [pushOf(home.chamber, item)],
          garden: [],
          cellar: [],
        });
        const delay = `<delay from='${server.domain}' stamp='*' xmlns='urn:xmpp:delay'/>`;
        assert.deepEqual(
          takeConversation(orchard).map((stanza) => stanza.replace(/ id='p[0-9]+'/, "")),
          [
            pushOf(orchard, itemOf(juliet.jid, "none", { ask: true })),
            `<presence from='${juliet.jid}' to='${romeo.jid}' type='subscribed'/>`,
            pushOf(orchard, itemOf(juliet.jid, "to")),
            `<presence from='${home.garden.full}' to='${romeo.jid}'><show>dnd</show>${delay}</presence>`,
            `<presence from='${home.balcony.full}' to='${romeo.jid}'><status>sighing</status>${delay}</presence>`,
          ],
        );
        assert.equal((await storedContact(juliet, romeo.jid))?.approved, undefined);
        assert.equal((await storedContact(juliet, romeo.jid))?.pending_requests.subscribe, undefined);
      }),
    );

    test(
      `in ${state} is taken back by a cancellation, of which the contact hears nothing`,
      story(server, ["juliet", "romeo"], async ({ juliet, romeo }) => {
        const home = await household(juliet);
        const orchard = await romeo.online("orchard");
        await putInState(juliet, romeo, state, { approved: true });
        await putInState(romeo, juliet, "None+PO");
        await emptyInboxes(home, orchard);
        for (const time of ["first", "second"]) {
          home.balcony.send(`<presence to='${romeo.jid}' type='unsubscribed'/>`);
          await quiet([home.balcony, home.chamber, orchard], [home.garden, home.cellar]);
          const item = itemInState(romeo.jid, state);
          assert.deepEqual(told(home), {
            balcony: time === "first" ? [pushOf(home.balcony, item)] : [],
            chamber: time === "first" ? [pushOf(home.chamber, item)] : [],
            garden: [],
            cellar: [],
          });
          assert.deepEqual(takeConversation(orchard), []);
        }
        assert.deepEqual((await standing(juliet, romeo))[2], false);
      }),
    );

    test(
      `in ${state} outlives everything but its use, its cancellation and the removal of the item`,
      story(server, ["juliet", "romeo"], async ({ juliet, romeo }) => {
        const balcony = await juliet.online("balcony");
        const orchard = await romeo.online("orchard");
        const approved = async (after: string): Promise<void> => {
          await quiet([balcony, orchard]);
          assert.equal((await standing(juliet, romeo))[2], true, after);
        };
        const restore = async (): Promise<void> => {
          await putInState(juliet, romeo, state, { approved: true });
        };
        await restore();
        balcony.send(
          `<iq type='set' id='s'><query xmlns='jabber:iq:roster'><item jid='${romeo.jid}' name='R' approved='false'/></query></iq>`,
        );
        await approved("a roster set");
        for (const type of ["subscribe", "unsubscribe", "subscribed"]) {
          balcony.send(`<presence to='${romeo.jid}' type='${type}'/>`);
          await approved(`out ${type}`);
          await restore();
        }
        const sends: readonly (readonly [string, State])[] = [
          ["unsubscribe", "None"],
          ["subscribed", "None+PI"],
          ["unsubscribed", "None+PI"],
        ];
        for (const [type, from] of sends) {
          await putInState(romeo, juliet, from);
          orchard.send(`<presence to='${juliet.jid}' type='${type}'/>`);
          await approved(`in ${type}`);
          await restore();
        }
      }),
    );
  }

  test(
    "is not taken back by the refusal of an unauthorised probe",
    story(server, ["juliet", "romeo"], async ({ juliet, romeo }) => {
      const balcony = await juliet.online("balcony");
      const orchard = await romeo.online("orchard");
      balcony.send(`<presence to='${romeo.jid}' type='subscribed'/>`);
      await putInState(romeo, juliet, "To");
      await quiet([balcony, orchard]);
      orchard.wire.takeAll();
      orchard.send(`<presence to='${juliet.jid}' type='probe'/>`);
      await orchard.receive("presence", { type: "unsubscribed", from: juliet.jid, to: romeo.jid });
      await quiet([balcony, orchard]);
      assert.deepEqual(await standing(juliet, romeo), ["none", "", true]);
    }),
  );

  test(
    "of whoever is subscribed already says nothing",
    story(server, ["juliet", "romeo"], async ({ juliet, romeo }) => {
      const balcony = await juliet.online("balcony");
      const orchard = await romeo.online("orchard");
      for (const state of ["From", "From+PO", "Both"] as const) {
        await putInState(juliet, romeo, state);
        await quiet([balcony, orchard]);
        balcony.wire.takeAll();
        balcony.send(`<presence to='${romeo.jid}' type='subscribed'/>`);
        await quiet([balcony, orchard]);
        assert.deepEqual(takeConversation(balcony), []);
        assert.deepEqual(takeConversation(orchard), []);
        assert.deepEqual((await standing(juliet, romeo))[2], false);
      }
    }),
  );

  test(
    "of whoever has asked is an ordinary approval",
    story(server, ["juliet", "romeo"], async ({ juliet, romeo }) => {
      const balcony = await juliet.online("balcony");
      const orchard = await romeo.online("orchard");
      orchard.send(`<presence to='${juliet.jid}' type='subscribe'/>`);
      await balcony.receive("presence", { type: "subscribe" });
      balcony.send(`<presence to='${romeo.jid}' type='subscribed'/>`);
      await quiet([balcony, orchard]);
      assert.deepEqual(takeConversation(balcony), [pushOf(balcony, itemOf(romeo.jid, "from"))]);
      assert.deepEqual(await standing(juliet, romeo), ["from", "", false]);
    }),
  );

  test(
    "was used: who unsubscribes and asks again has to be approved again",
    story(server, ["juliet", "romeo"], async ({ juliet, romeo }) => {
      const balcony = await juliet.online("balcony");
      const orchard = await romeo.online("orchard");
      balcony.send(`<presence to='${romeo.jid}' type='subscribed'/>`);
      await balcony.push(romeo.jid);
      orchard.send(`<presence to='${juliet.jid}' type='subscribe'/>`);
      await orchard.receive("presence", { type: "subscribed" });
      orchard.send(`<presence to='${juliet.jid}' type='unsubscribe'/>`);
      orchard.send(`<presence to='${juliet.jid}' type='subscribe' id='again'/>`);
      await balcony.receive("presence", { type: "subscribe", id: "again" });
    }),
  );

  test(
    "works for whoever is away when the request comes",
    story(server, ["juliet", "romeo"], async ({ juliet, romeo }) => {
      const balcony = await juliet.online("balcony");
      balcony.send(`<presence to='${romeo.jid}' type='subscribed'/>`);
      await balcony.push(romeo.jid);
      await balcony.close();
      const orchard = await romeo.online("orchard");
      orchard.send(`<presence to='${juliet.jid}' type='subscribe'/>`);
      await orchard.receive("presence", { type: "subscribed", from: juliet.jid });
      const back = await juliet.connect("back");
      await back.presence();
      await orchard.receive("presence", { from: back.full, type: undefined });
      await back.settled();
      assert.deepEqual(
        back.wire.takeAll().filter(({ type }) => type === "subscribe"),
        [],
      );
    }),
  );
});
