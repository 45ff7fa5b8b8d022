import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { befriend, story, storyServer } from "@rollcall/testkit";
import { itemOf, pushOf, quiet, takeConversation } from "../exact-stanzas.ts";
import { emptyInboxes, household, told } from "./in-state.ts";

const server = await storyServer();

describe("unsubscribing", () => {
  test(
    "tells the contact's interested sessions, then pushes there and ends its presence here",
    story(server, ["juliet", "romeo"], async ({ juliet, romeo }) => {
      const orchard = await romeo.online("orchard");
      const home = await household(juliet);
      await befriend(juliet, romeo);
      await emptyInboxes(home, orchard);
      orchard.send(
        `<presence to='${juliet.jid}/balcony' type='unsubscribe' id='bye'><status>farewell</status></presence>`,
      );
      await quiet([home.balcony, home.chamber, orchard], [home.garden, home.cellar]);
      const stanza = `<presence from='${romeo.jid}' id='bye' to='${juliet.jid}' type='unsubscribe'><status>farewell</status></presence>`;
      const item = itemOf(romeo.jid, "to");
      assert.deepEqual(told(home), {
        balcony: [stanza, pushOf(home.balcony, item)],
        chamber: [stanza, pushOf(home.chamber, item)],
        garden: [],
        cellar: [],
      });
      const heard = takeConversation(orchard);
      assert.deepEqual(
        [...heard].sort(),
        [
          pushOf(orchard, itemOf(juliet.jid, "from")),
          `<presence from='${home.garden.full}' to='${romeo.jid}' type='unavailable'/>`,
          `<presence from='${home.balcony.full}' to='${romeo.jid}' type='unavailable'/>`,
        ].sort(),
        "the automatic `unsubscribed` meets no subscription any more",
      );
      await home.balcony.presence("<show>away</show>");
      await quiet([home.balcony, orchard]);
      assert.deepEqual(takeConversation(orchard), []);
    }),
  );

  test(
    "leaves the other direction as it is: the contact goes on seeing the account",
    story(server, ["juliet", "romeo"], async ({ juliet, romeo }) => {
      await befriend(juliet, romeo);
      const orchard = await romeo.online("orchard");
      const balcony = await juliet.online("balcony");
      orchard.send(`<presence to='${juliet.jid}' type='unsubscribe'/>`);
      await quiet([orchard, balcony]);
      assert.equal((await romeo.contacts()).get(juliet.jid)?.attributes.subscription, "from");
      assert.equal((await juliet.contacts()).get(romeo.jid)?.attributes.subscription, "to");
      balcony.wire.takeAll();
      await orchard.presence("<show>away</show>");
      await balcony.receive("presence", { from: orchard.full, type: undefined, to: juliet.jid });
    }),
  );

  test(
    "before the answer withdraws the request: told to the contact, and gone",
    story(server, ["juliet", "romeo"], async ({ juliet, romeo }) => {
      const balcony = await juliet.online("balcony");
      const orchard = await romeo.online("orchard");
      orchard.send(`<presence to='${juliet.jid}' type='subscribe'/>`);
      orchard.send(`<presence to='${juliet.jid}' type='unsubscribe'/>`);
      await quiet([balcony, orchard]);
      assert.deepEqual(takeConversation(balcony), [
        `<presence from='${romeo.jid}' to='${juliet.jid}' type='subscribe'/>`,
        `<presence from='${romeo.jid}' to='${juliet.jid}' type='unsubscribe'/>`,
      ]);
      assert.deepEqual(takeConversation(orchard), [
        pushOf(orchard, itemOf(juliet.jid, "none", { ask: true })),
        pushOf(orchard, itemOf(juliet.jid, "none")),
      ]);
      balcony.send(`<presence to='${romeo.jid}' type='subscribed'/>`);
      await quiet([balcony, orchard]);
      assert.deepEqual(
        takeConversation(balcony),
        [pushOf(balcony, itemOf(romeo.jid, "none", { approved: true }))],
        "there is no request to approve, so this is for a later one",
      );
    }),
  );

  test(
    "from somebody unknown, or with nobody there, says nothing",
    story(server, ["juliet", "romeo"], async ({ juliet, romeo }) => {
      const balcony = await juliet.online("balcony");
      const orchard = await romeo.online("orchard");
      for (const to of [juliet.jid, `nobody@${server.domain}`]) {
        orchard.send(`<presence to='${to}' type='unsubscribe'/>`);
      }
      await quiet([balcony, orchard]);
      assert.deepEqual(takeConversation(balcony), []);
      assert.deepEqual(takeConversation(orchard), []);
      assert.equal((await romeo.contacts()).size, 0);
    }),
  );

  test(
    "from a contact at a domain that cannot be reached holds, and is answered with an error",
    story(server, ["romeo"], async ({ romeo }) => {
      const far = "juliet@elsewhere.example";
      await server.importRoster(romeo.jid, { [far]: { subscription: "both" } });
      const orchard = await romeo.online("orchard");
      orchard.send(`<presence to='${far}' type='unsubscribe' id='bye'/>`);
      const error = await orchard.receive("presence", { type: "error", id: "bye" });
      assert.equal(error.from, far);
      assert.equal(error.error()?.condition, "remote-server-not-found");
      await quiet([orchard]);
      assert.deepEqual(takeConversation(orchard), [pushOf(orchard, itemOf(far, "from"))]);
    }),
  );

  test(
    "while the contact is away shows in its roster at its next login",
    story(server, ["juliet", "romeo"], async ({ juliet, romeo }) => {
      await befriend(juliet, romeo);
      const orchard = await romeo.online("orchard");
      orchard.send(`<presence to='${juliet.jid}' type='unsubscribe'/>`);
      await orchard.push(juliet.jid);
      await quiet([orchard]);
      const balcony = await juliet.online("balcony");
      assert.equal((await juliet.contacts()).get(romeo.jid)?.attributes.subscription, "to");
      await quiet([balcony, orchard]);
      assert.deepEqual(takeConversation(orchard), [], "and her presence does not come");
    }),
  );

  test(
    "and subscribing again starts from the beginning",
    story(server, ["juliet", "romeo"], async ({ juliet, romeo }) => {
      await befriend(juliet, romeo, "from");
      const balcony = await juliet.online("balcony");
      const orchard = await romeo.online("orchard");
      orchard.send(`<presence to='${juliet.jid}' type='unsubscribe'/>`);
      orchard.send(`<presence to='${juliet.jid}' type='subscribe' id='again'/>`);
      await balcony.receive("presence", { type: "subscribe", id: "again" });
      await quiet([balcony, orchard]);
      assert.equal((await romeo.contacts()).get(juliet.jid)?.attributes.subscription, "none");
    }),
  );
});
