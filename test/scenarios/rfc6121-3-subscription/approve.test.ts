import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { story, storyServer } from "@rollcall/testkit";
import { itemOf, pushOf, quiet, takeConversation } from "../exact-stanzas.ts";
import { emptyInboxes, household, putInState, told } from "./in-state.ts";

const server = await storyServer();

describe("approving a request", () => {
  test(
    "gives the requester the answer, then the subscription, then the presence of every available session",
    story(server, ["juliet", "romeo"], async ({ juliet, romeo }) => {
      const home = await household(juliet);
      const orchard = await romeo.online("orchard");
      orchard.send(`<presence to='${juliet.jid}' type='subscribe' id='ask'/>`);
      await emptyInboxes(home, orchard);
      home.garden.send(`<presence to='${romeo.jid}/orchard' type='subscribed' id='yes'/>`);
      await quiet([home.balcony, home.chamber, orchard], [home.garden, home.cellar]);
      const withoutIds = takeConversation(orchard).map((stanza) => stanza.replace(/ id='p[0-9]+'/, ""));
      const delay = `<delay from='${server.domain}' stamp='*' xmlns='urn:xmpp:delay'/>`;
      assert.deepEqual(withoutIds, [
        `<presence from='${juliet.jid}' id='yes' to='${romeo.jid}' type='subscribed'/>`,
        pushOf(orchard, itemOf(juliet.jid, "to")),
        `<presence from='${home.garden.full}' to='${romeo.jid}'><show>dnd</show>${delay}</presence>`,
        `<presence from='${home.balcony.full}' to='${romeo.jid}'><status>sighing</status>${delay}</presence>`,
      ]);
      const item = itemOf(romeo.jid, "from");
      assert.deepEqual(told(home), {
        balcony: [pushOf(home.balcony, item)],
        chamber: [pushOf(home.chamber, item)],
        garden: [],
        cellar: [],
      });
    }),
  );

  test(
    "from both sides makes them friends, who see each other come and go",
    story(server, ["juliet", "romeo"], async ({ juliet, romeo }) => {
      const balcony = await juliet.online("balcony");
      const orchard = await romeo.online("orchard");
      for (const [asks, answers] of [
        [orchard, balcony],
        [balcony, orchard],
      ] as const) {
        asks.send(`<presence to='${answers.bare}' type='subscribe'/>`);
        await answers.receive("presence", { type: "subscribe", from: asks.bare });
        answers.send(`<presence to='${asks.bare}' type='subscribed'/>`);
        await asks.receive("presence", { from: answers.full, type: undefined });
      }
      for (const [one, other] of [
        [juliet, romeo],
        [romeo, juliet],
      ] as const) {
        const item = (await one.contacts()).get(other.jid);
        assert.equal(item?.attributes.subscription, "both");
        assert.equal(item?.attributes.ask, undefined);
      }
      await balcony.presence("<show>xa</show>");
      const seen = await orchard.receive(
        "presence",
        { from: balcony.full, type: undefined, to: romeo.jid },
        (stanza) => stanza.childText("show") === "xa",
      );
      assert.equal(seen.child("delay"), undefined);
      orchard.cut();
      await balcony.receive("presence", { from: orchard.full, type: "unavailable" });
    }),
  );

  test(
    "while the requester is away shows in its roster at its next login, and its contact's presence then",
    story(server, ["juliet", "romeo"], async ({ juliet, romeo }) => {
      const orchard = await romeo.online("orchard");
      orchard.send(`<presence to='${juliet.jid}' type='subscribe'/>`);
      await orchard.push(juliet.jid);
      await orchard.close();
      const balcony = await juliet.online("balcony");
      balcony.send(`<presence to='${romeo.jid}' type='subscribed'/>`);
      await balcony.push(romeo.jid);
      await quiet([balcony]);

      const back = await romeo.interested("back");
      assert.equal((await romeo.contacts()).get(juliet.jid)?.attributes.subscription, "to");
      await back.presence();
      await back.receive("presence", { from: balcony.full, type: undefined });
      await back.settled();
      assert.deepEqual(
        back.wire.takeAll().filter(({ type }) => type === "subscribed"),
        [],
        "the notification itself is not kept",
      );
    }),
  );

  test(
    "while oneself is offline gives presence as soon as there is some",
    story(server, ["juliet", "romeo"], async ({ juliet, romeo }) => {
      const orchard = await romeo.online("orchard");
      orchard.send(`<presence to='${juliet.jid}' type='subscribe'/>`);
      const balcony = await juliet.interested("balcony");
      await quiet([orchard, balcony]);
      orchard.wire.takeAll();
      balcony.send(`<presence to='${romeo.jid}' type='subscribed' id='yes'/>`);
      await quiet([orchard, balcony]);
      assert.deepEqual(takeConversation(orchard), [
        `<presence from='${juliet.jid}' id='yes' to='${romeo.jid}' type='subscribed'/>`,
        pushOf(orchard, itemOf(juliet.jid, "to")),
      ]);
      await balcony.presence();
      await orchard.receive("presence", { from: balcony.full, type: undefined });
    }),
  );

  test(
    "that nobody asked for changes nothing at the other side, nor does any answer to a question not asked",
    story(server, ["juliet", "romeo"], async ({ juliet, romeo }) => {
      const balcony = await juliet.online("balcony");
      const orchard = await romeo.online("orchard");
      // Romeo's side claims that Juliet has asked; hers knows nothing of it.
      await putInState(romeo, juliet, "None+PI", { item: false });
      await quiet([balcony, orchard]);
      orchard.send(`<presence to='${juliet.jid}' type='subscribed'/>`);
      await quiet([balcony, orchard]);
      assert.deepEqual(
        takeConversation(balcony).map((stanza) => stanza.replace(/ id='p[0-9]+'/, "")),
        [
          `<presence from='${orchard.full}' to='${juliet.jid}'><delay from='${server.domain}' stamp='*' xmlns='urn:xmpp:delay'/></presence>`,
        ],
        "only the presence that he now shows",
      );
      assert.equal((await juliet.contacts()).size, 0);
    }),
  );

  test(
    "and becoming available at the same moment: the new subscriber sees it, whatever comes first",
    story(server, ["juliet", "romeo"], async ({ juliet, romeo }) => {
      const balcony = await juliet.interested("balcony");
      const chamber = await juliet.interested("chamber");
      const orchard = await romeo.online("orchard");
      for (let time = 1; time <= 10; time++) {
        orchard.send(`<presence to='${juliet.jid}' type='subscribe'/>`);
        await quiet([orchard, balcony]);
        orchard.wire.takeAll();
        chamber.send(`<presence to='${romeo.jid}' type='subscribed'/>`);
        balcony.send("<presence/>");
        await orchard.receive("presence", { from: balcony.full, type: undefined });
        await quiet([orchard, balcony, chamber]);
        orchard.wire.takeAll();
        // And the reverse: who is cut off sees it go, whatever comes first.
        chamber.send(`<presence to='${romeo.jid}' type='unsubscribed'/>`);
        balcony.send(`<presence><show>away</show></presence>`);
        await quiet([orchard, balcony, chamber]);
        const last = orchard.wire
          .takeAll()
          .filter(({ from }) => from === balcony.full)
          .at(-1);
        assert.equal(last?.type, "unavailable");
        await balcony.presence("", "unavailable");
      }
    }),
  );
});
