import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { befriend, story, storyServer } from "@rollcall/testkit";
import { itemOf, pushOf, quiet, takeConversation } from "../exact-stanzas.ts";
import { emptyInboxes, household, putInState, storedContact, told } from "./in-state.ts";

const server = await storyServer();

describe("cancelling a contact's subscription", () => {
  test(
    "sends unavailable of every available session, then the cancellation, then the push",
    story(server, ["juliet", "romeo"], async ({ juliet, romeo }) => {
      const orchard = await romeo.online("orchard");
      const home = await household(juliet);
      await befriend(juliet, romeo);
      await emptyInboxes(home, orchard);
      home.chamber.send(
        `<presence to='${romeo.jid}' type='unsubscribed' id='no'><status>farewell</status></presence>`,
      );
      await quiet([home.balcony, home.chamber, orchard], [home.garden, home.cellar]);
      assert.deepEqual(takeConversation(orchard), [
        `<presence from='${home.garden.full}' to='${romeo.jid}' type='unavailable'/>`,
        `<presence from='${home.balcony.full}' to='${romeo.jid}' type='unavailable'/>`,
        `<presence from='${juliet.jid}' id='no' to='${romeo.jid}' type='unsubscribed'><status>farewell</status></presence>`,
        pushOf(orchard, itemOf(juliet.jid, "from")),
      ]);
      const item = itemOf(romeo.jid, "to");
      assert.deepEqual(told(home), {
        balcony: [pushOf(home.balcony, item)],
        chamber: [pushOf(home.chamber, item)],
        garden: [],
        cellar: [],
      });
      await home.balcony.presence("<show>away</show>");
      await quiet([home.balcony, orchard]);
      assert.deepEqual(takeConversation(orchard), [], "no presence after that");
      orchard.send("<presence><show>away</show></presence>");
      await home.balcony.receive("presence", { from: orchard.full, type: undefined });
    }),
  );

  test(
    "tells interested sessions of the contact, available or not, and only those",
    story(server, ["juliet", "romeo"], async ({ juliet, romeo }) => {
      const home = await household(juliet);
      const orchard = await romeo.interested("orchard");
      await befriend(juliet, romeo);
      await emptyInboxes(home, orchard);
      orchard.send(`<presence to='${juliet.jid}' type='unsubscribed'/>`);
      await quiet([home.balcony, home.chamber, orchard], [home.garden, home.cellar]);
      const stanza = `<presence from='${romeo.jid}' to='${juliet.jid}' type='unsubscribed'/>`;
      const item = itemOf(romeo.jid, "from");
      assert.deepEqual(told(home), {
        balcony: [stanza, pushOf(home.balcony, item)],
        chamber: [stanza, pushOf(home.chamber, item)],
        garden: [],
        cellar: [],
      });
    }),
  );

  test(
    "ends also what directed presence has shown",
    story(server, ["juliet", "romeo"], async ({ juliet, romeo }) => {
      const orchard = await romeo.online("orchard");
      const balcony = await juliet.online("balcony");
      await befriend(juliet, romeo, "from");
      await quiet([balcony, orchard]);
      balcony.send(`<presence to='${orchard.full}'><show>dnd</show></presence>`);
      await orchard.receive("presence", { from: balcony.full, to: orchard.full });
      balcony.send(`<presence to='${romeo.jid}' type='unsubscribed'/>`);
      await orchard.receive("presence", { from: balcony.full, type: "unavailable" });
      await quiet([balcony, orchard]);
      orchard.wire.takeAll();
      balcony.cut();
      const chamber = await juliet.interested("chamber");
      await quiet([chamber, orchard]);
      assert.deepEqual(takeConversation(orchard), [], "it went only once");
    }),
  );

  test(
    "who is not subscribed and has not asked is told nothing, and a stranger makes no item",
    story(server, ["juliet", "romeo"], async ({ juliet, romeo }) => {
      const balcony = await juliet.online("balcony");
      const orchard = await romeo.online("orchard");
      balcony.send(`<presence to='${romeo.jid}' type='unsubscribed'/>`);
      await quiet([balcony, orchard]);
      assert.deepEqual(takeConversation(balcony), []);
      assert.deepEqual(takeConversation(orchard), []);
      assert.equal((await juliet.contacts()).size, 0);
    }),
  );

  test(
    "while the contact is away shows in its roster at its next login",
    story(server, ["juliet", "romeo"], async ({ juliet, romeo }) => {
      await befriend(juliet, romeo);
      const balcony = await juliet.online("balcony");
      balcony.send(`<presence to='${romeo.jid}' type='unsubscribed'/>`);
      await balcony.push(romeo.jid);
      await quiet([balcony]);
      const orchard = await romeo.online("orchard");
      assert.equal((await romeo.contacts()).get(juliet.jid)?.attributes.subscription, "from");
      await balcony.receive("presence", { from: orchard.full, type: undefined });
    }),
  );
});

describe("denying a request", () => {
  test(
    "reaches who asked, who has the contact without `ask` then, and may ask again",
    story(server, ["juliet", "romeo"], async ({ juliet, romeo }) => {
      const balcony = await juliet.online("balcony");
      const orchard = await romeo.online("orchard");
      for (let time = 1; time <= 2; time++) {
        orchard.send(`<presence to='${juliet.jid}' type='subscribe' id='ask${time}'/>`);
        await balcony.receive("presence", { type: "subscribe", id: `ask${time}` });
        balcony.send(`<presence to='${romeo.jid}' type='unsubscribed' id='no${time}'/>`);
        await quiet([balcony, orchard]);
        assert.deepEqual(takeConversation(orchard), [
          pushOf(orchard, itemOf(juliet.jid, "none", { ask: true })),
          `<presence from='${juliet.jid}' id='no${time}' to='${romeo.jid}' type='unsubscribed'/>`,
          pushOf(orchard, itemOf(juliet.jid, "none")),
        ]);
        assert.deepEqual(takeConversation(balcony), [], "nothing that clients see has changed");
      }
    }),
  );

  test(
    "keeps the item of the one who asked, and shows no presence",
    story(server, ["juliet", "romeo"], async ({ juliet, romeo }) => {
      const balcony = await juliet.online("balcony");
      const orchard = await romeo.online("orchard");
      await putInState(juliet, romeo, "To+PI");
      await putInState(romeo, juliet, "From+PO");
      await quiet([balcony, orchard]);
      balcony.wire.takeAll();
      orchard.wire.takeAll();
      balcony.send(`<presence to='${romeo.jid}' type='unsubscribed'/>`);
      await quiet([balcony, orchard]);
      assert.deepEqual(takeConversation(balcony), []);
      assert.deepEqual(takeConversation(orchard), [
        `<presence from='${juliet.jid}' to='${romeo.jid}' type='unsubscribed'/>`,
        pushOf(orchard, itemOf(juliet.jid, "from")),
      ]);
      assert.equal((await storedContact(juliet, romeo.jid))?.subscription, "to");
    }),
  );
});
