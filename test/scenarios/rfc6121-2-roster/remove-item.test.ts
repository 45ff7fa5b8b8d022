import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { story, storyServer } from "@rollcall/testkit";
import { states } from "../../model/appendix-a.ts";
import { itemOf, pushOf, quiet, takeConversation } from "../exact-stanzas.ts";
import {
  emptyInboxes,
  household,
  putInState,
  storedContact,
  told,
} from "../rfc6121-3-subscription/in-state.ts";
import { rosterOf, rosterSet, setItem } from "./roster-iq.ts";

const server = await storyServer();

/** RFC 6121, 2.5.2, and what an open request needs besides, by what the two were to each other. */
const farewells: Readonly<Record<(typeof states)[number], readonly string[]>> = {
  None: [],
  "None+PO": ["unsubscribe"],
  "None+PI": ["unsubscribed"],
  "None+PO+PI": ["unsubscribe", "unsubscribed"],
  To: ["unsubscribe"],
  "To+PI": ["unsubscribe", "unsubscribed"],
  From: ["unavailable", "unsubscribed"],
  "From+PO": ["unavailable", "unsubscribe", "unsubscribed"],
  Both: ["unavailable", "unsubscribe", "unsubscribed"],
};

describe("removing an item", () => {
  for (const state of states) {
    test(
      `in ${state} ends everything between the two`,
      story(server, ["juliet", "romeo"], async ({ juliet, romeo }) => {
        const home = await household(juliet);
        const orchard = await romeo.online("orchard");
        await putInState(juliet, romeo, state);
        // Romeo is in a state in which he shows every farewell.
        await putInState(romeo, juliet, "None+PO+PI");
        await emptyInboxes(home, orchard);

        await setItem(home.balcony, `<item jid='${romeo.jid}' subscription='remove'/>`);
        await quiet([home.balcony, home.chamber, orchard], [home.garden, home.cellar]);
        const removed = itemOf(romeo.jid, "remove");
        assert.deepEqual(told(home), {
          balcony: [pushOf(home.balcony, removed)],
          chamber: [pushOf(home.chamber, removed)],
          garden: [],
          cellar: [],
        });

        const expected = farewells[state].flatMap((type) => {
          if (type === "unavailable") {
            return [home.garden, home.balcony].map(
              (session) => `<presence from='${session.full}' to='${romeo.jid}' type='unavailable'/>`,
            );
          }
          const stanza = `<presence from='${juliet.jid}' to='${romeo.jid}' type='${type}'/>`;
          // His request is denied; that hers is withdrawn shows nowhere in his roster.
          return type === "unsubscribed" ? [stanza, pushOf(orchard, itemOf(juliet.jid, "none"))] : [stanza];
        });
        assert.deepEqual(takeConversation(orchard), expected);
        assert.equal(await storedContact(juliet, romeo.jid), undefined, "no item, no request, no flag");
        assert.equal((await rosterOf(home.balcony)).items.size, 0);
      }),
    );
  }

  test(
    "that was pre-approved ends the approval: the next request has to be answered",
    story(server, ["juliet", "romeo"], async ({ juliet, romeo }) => {
      const balcony = await juliet.online("balcony");
      const orchard = await romeo.online("orchard");
      balcony.send(`<presence to='${romeo.jid}' type='subscribed'/>`);
      await setItem(balcony, `<item jid='${romeo.jid}' subscription='remove'/>`);
      orchard.send(`<presence to='${juliet.jid}' type='subscribe'/>`);
      await quiet([balcony, orchard]);
      assert.deepEqual(takeConversation(balcony), [
        pushOf(balcony, itemOf(romeo.jid, "none", { approved: true })),
        pushOf(balcony, itemOf(romeo.jid, "remove")),
        `<presence from='${romeo.jid}' to='${juliet.jid}' type='subscribe'/>`,
      ]);
      assert.deepEqual(takeConversation(orchard), [
        pushOf(orchard, itemOf(juliet.jid, "none", { ask: true })),
      ]);
    }),
  );

  test(
    "takes everything else that a set says for nothing",
    story(server, ["juliet"], async ({ juliet }) => {
      const balcony = await juliet.interested("balcony");
      const nurse = `nurse@${server.domain}`;
      await setItem(balcony, `<item jid='${nurse}'/>`);
      await setItem(
        balcony,
        `<item jid='${nurse}' subscription='remove' name='N' ask='subscribe'><group/><group>g</group></item>`,
      );
      assert.equal((await rosterOf(balcony)).items.size, 0);
    }),
  );

  test(
    "of somebody who only asked finds no item, and the request stays",
    story(server, ["juliet", "romeo"], async ({ juliet, romeo }) => {
      const balcony = await juliet.online("balcony");
      const orchard = await romeo.online("orchard");
      orchard.send(`<presence to='${juliet.jid}' type='subscribe'/>`);
      await balcony.receive("presence", { type: "subscribe", from: romeo.jid });
      const answer = await rosterSet(balcony, `<item jid='${romeo.jid}' subscription='remove'/>`);
      assert.deepEqual(answer.error(), { condition: "item-not-found", type: "cancel" });
      const stored = await storedContact(juliet, romeo.jid);
      assert.notEqual(stored?.pending_requests.subscribe, undefined);
    }),
  );

  test(
    "of a friend ends the friendship at both sides, and nobody sees anybody any more",
    story(server, ["juliet", "romeo"], async ({ juliet, romeo }) => {
      const balcony = await juliet.online("balcony");
      const orchard = await romeo.online("orchard");
      for (const [one, other] of [
        [balcony, orchard],
        [orchard, balcony],
      ] as const) {
        one.send(`<presence to='${other.bare}' type='subscribe'/>`);
        await other.receive("presence", { type: "subscribe" });
        other.send(`<presence to='${one.bare}' type='subscribed'/>`);
        await one.receive("presence", { from: other.full, type: undefined });
      }
      await quiet([balcony, orchard]);
      balcony.wire.takeAll();
      orchard.wire.takeAll();

      await setItem(balcony, `<item jid='${romeo.jid}' subscription='remove'/>`);
      await quiet([balcony, orchard]);
      assert.deepEqual(takeConversation(orchard), [
        `<presence from='${balcony.full}' to='${romeo.jid}' type='unavailable'/>`,
        `<presence from='${juliet.jid}' to='${romeo.jid}' type='unsubscribe'/>`,
        pushOf(orchard, itemOf(juliet.jid, "to")),
        `<presence from='${juliet.jid}' to='${romeo.jid}' type='unsubscribed'/>`,
        pushOf(orchard, itemOf(juliet.jid, "none")),
      ]);
      // Romeo's farewell is his presence, which ends; his `unsubscribed` meets a stranger.
      assert.deepEqual(takeConversation(balcony), [
        pushOf(balcony, itemOf(romeo.jid, "remove")),
        `<presence from='${orchard.full}' to='${juliet.jid}' type='unavailable'/>`,
      ]);
      await balcony.presence("<show>away</show>");
      await orchard.presence("<show>away</show>");
      await quiet([balcony, orchard]);
      assert.deepEqual(takeConversation(balcony), []);
      assert.deepEqual(takeConversation(orchard), []);
    }),
  );
});
