import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { befriend, type Person, story, storyServer, type XmppClient } from "@rollcall/testkit";
import { itemOf, pushOf, quiet, takeConversation } from "../exact-stanzas.ts";
import { putInState, storedContact } from "./in-state.ts";

const server = await storyServer();

function presence(type: string, from: string, to: Person): string {
  return `<presence from='${from}' to='${to.jid}' type='${type}'/>`;
}

async function remove(person: Person): Promise<{ contacts: number; sessions: number }> {
  const answer = await server.admin("DELETE", `/users/${encodeURIComponent(person.jid)}`);
  assert.equal(answer.status, 200);
  return (await answer.json()) as { contacts: number; sessions: number };
}

describe("removing an account", () => {
  test(
    "ends its sessions, and its subscriptions in the rosters of everybody: each is told once",
    story(
      server,
      ["juliet", "romeo", "nurse", "paris", "friar"],
      async ({ juliet, romeo, nurse, paris, friar }) => {
        await befriend(juliet, romeo, "both");
        await befriend(juliet, nurse, "to");
        await befriend(juliet, paris, "from");
        await putInState(juliet, friar, "None+PI", { item: false });
        await putInState(friar, juliet, "None+PO");
        const others: XmppClient[] = [];
        for (const person of [romeo, nurse, paris, friar]) others.push(await person.online("home"));
        const [orchard, kitchen, palace, cell] = others as [XmppClient, XmppClient, XmppClient, XmppClient];
        const balcony = await juliet.online("balcony");
        await quiet(others);
        for (const session of others) session.wire.takeAll();

        assert.deepEqual(await remove(juliet), {
          jid: juliet.jid,
          result: "removed",
          contacts: 4,
          sessions: 1,
        });
        await balcony.wire.take(({ name }) => name === "error", "the stream error");
        await balcony.close();
        await quiet(others);
        const gone = (to: Person): string => presence("unavailable", balcony.full, to);
        const withoutText = (stanzas: string[]): string[] =>
          stanzas.map((stanza) => stanza.replace(/><status>.*<\/status><\/presence>$/, "/>"));
        assert.deepEqual(withoutText(takeConversation(orchard)), [
          gone(romeo),
          presence("unsubscribe", juliet.jid, romeo),
          pushOf(orchard, itemOf(juliet.jid, "to")),
          presence("unsubscribed", juliet.jid, romeo),
          pushOf(orchard, itemOf(juliet.jid, "none")),
        ]);
        assert.deepEqual(takeConversation(kitchen), [
          presence("unsubscribe", juliet.jid, nurse),
          pushOf(kitchen, itemOf(juliet.jid, "none")),
        ]);
        assert.deepEqual(withoutText(takeConversation(palace)), [
          gone(paris),
          presence("unsubscribed", juliet.jid, paris),
          pushOf(palace, itemOf(juliet.jid, "none")),
        ]);
        assert.deepEqual(takeConversation(cell), [
          presence("unsubscribed", juliet.jid, friar),
          pushOf(cell, itemOf(juliet.jid, "none")),
        ]);
        for (const person of [romeo, nurse, paris, friar]) {
          assert.equal((await storedContact(person, juliet.jid))?.subscription, "none");
        }
        const object = await fetch(`${server.riak}/riak/xmpp/${juliet.jid}`);
        assert.equal(object.status, 404, "the roster itself is gone");
      },
    ),
  );

  test(
    "of somebody who is away tells contacts of the subscription alone, and those who are away at their next login",
    story(server, ["juliet", "romeo", "nurse"], async ({ juliet, romeo, nurse }) => {
      await befriend(juliet, romeo);
      await befriend(juliet, nurse);
      const orchard = await romeo.online("orchard");
      await remove(juliet);
      await quiet([orchard]);
      assert.deepEqual(takeConversation(orchard), [
        presence("unsubscribe", juliet.jid, romeo),
        pushOf(orchard, itemOf(juliet.jid, "to")),
        presence("unsubscribed", juliet.jid, romeo),
        pushOf(orchard, itemOf(juliet.jid, "none")),
      ]);
      assert.equal((await nurse.contacts()).get(juliet.jid)?.attributes.subscription, "none");
    }),
  );

  test(
    "and making it again makes a stranger",
    story(server, ["juliet", "romeo"], async ({ juliet, romeo }) => {
      await befriend(juliet, romeo);
      await remove(juliet);
      await server.addUser(juliet.jid, juliet.password);
      const orchard = await romeo.online("orchard");
      const balcony = await juliet.online("balcony");
      assert.equal((await juliet.contacts()).size, 0);
      await quiet([orchard, balcony]);
      assert.deepEqual(takeConversation(orchard), []);
      assert.deepEqual(takeConversation(balcony), []);
    }),
  );
});
