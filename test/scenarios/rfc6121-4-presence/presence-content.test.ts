/** RFC 6121, 4.7: what may stand in presence, and what the server makes of the rest. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { befriend, story, storyServer } from "@rollcall/testkit";
import { quiet, takeConversation } from "../exact-stanzas.ts";

const server = await storyServer();

describe("a type of presence", () => {
  test(
    "that RFC 6121 does not know is a bad request, with to and without, and goes nowhere",
    story(server, ["juliet", "romeo"], async ({ juliet, romeo }) => {
      await befriend(juliet, romeo);
      const orchard = await romeo.online("orchard");
      const balcony = await juliet.online("balcony");
      await quiet([orchard, balcony]);
      for (const session of [orchard, balcony]) session.wire.takeAll();
      for (const type of ["available", "invisible", "SUBSCRIBE", "x", ""]) {
        for (const to of ["", ` to='${orchard.full}'`]) {
          balcony.send(`<presence${to} type='${type}' id='t1'/>`);
          const refusal = await balcony.receive("presence", { id: "t1", type: "error" });
          assert.deepEqual(refusal.error(), { condition: "bad-request", type: "modify" }, `${type}${to}`);
          assert.equal(refusal.to, balcony.full);
        }
      }
      await quiet([orchard, balcony]);
      assert.deepEqual([orchard, balcony].map(takeConversation), [[], []]);
    }),
  );

  test(
    "about a subscription needs a to",
    story(server, ["juliet"], async ({ juliet }) => {
      const balcony = await juliet.online("balcony");
      for (const type of ["subscribe", "subscribed", "unsubscribe", "unsubscribed"]) {
        balcony.send(`<presence type='${type}' id='t1'/>`);
        const refusal = await balcony.receive("presence", { id: "t1", type: "error" });
        assert.deepEqual(refusal.error(), { condition: "bad-request", type: "modify" });
      }
    }),
  );
});

describe("a priority", () => {
  const corrections: readonly (readonly [string, string, string])[] = [
    [
      "that is a whole number in range stays as it is",
      "<priority>-128</priority>",
      "<priority>-128</priority>",
    ],
    ["that is too high is the highest", "<priority>1000</priority>", "<priority>127</priority>"],
    ["that is too low is the lowest", "<priority>-129</priority>", "<priority>-128</priority>"],
    ["that is no whole number is 0, which needs no element", "<priority>high</priority>", ""],
    ["that is empty is 0", "<priority/>", ""],
    [
      "is the first one where there are several",
      "<priority>4</priority><show>away</show><priority>5</priority>",
      "<priority>4</priority><show>away</show>",
    ],
  ];
  for (const [title, sent, shown] of corrections) {
    test(
      title,
      story(server, ["juliet", "romeo"], async ({ juliet, romeo }) => {
        await befriend(juliet, romeo);
        const orchard = await romeo.online("orchard");
        const balcony = await juliet.online("balcony");
        await quiet([orchard, balcony]);
        for (const session of [orchard, balcony]) session.wire.takeAll();
        const content = `<status>x</status>${sent}<x xmlns='urn:example:x'/>`;
        const result = `<status>x</status>${shown}<x xmlns='urn:example:x'/>`;
        balcony.send(`<presence id='p1'>${content}</presence>`);
        await quiet([orchard, balcony]);
        const told = (to: string) =>
          `<presence from='${balcony.full}' id='p1' to='${to}'>${result}</presence>`;
        assert.deepEqual(takeConversation(balcony), [told(balcony.full)], "the echo");
        assert.deepEqual(takeConversation(orchard), [told(romeo.jid)], "the contact");
      }),
    );
  }

  test(
    "that is missing is 0: the resource takes messages, and a higher one takes them first",
    story(server, ["juliet", "romeo"], async ({ juliet, romeo }) => {
      const orchard = await romeo.online("orchard");
      const balcony = await juliet.online("balcony");
      orchard.send(`<message to='${juliet.jid}' type='chat' id='m1'/>`);
      await balcony.receive("message", { id: "m1" });
      const chamber = await juliet.online("chamber", "<priority>1</priority>");
      orchard.send(`<message to='${juliet.jid}' type='chat' id='m2'/>`);
      await chamber.receive("message", { id: "m2" });
      await chamber.presence("<priority>-1</priority>");
      orchard.send(`<message to='${juliet.jid}' type='chat' id='m3'/>`);
      await balcony.receive("message", { id: "m3" });
      await chamber.presence("<priority>0</priority>");
      orchard.send(`<message to='${juliet.jid}' type='chat' id='m4'/>`);
      await chamber.receive("message", { id: "m4" });
      await balcony.presence();
      orchard.send(`<message to='${juliet.jid}' type='chat' id='m5'/>`);
      await balcony.receive("message", { id: "m5" });
    }),
  );
});

describe("anything else in presence", () => {
  test(
    "is passed on as it is: odd shows, several languages, children of other namespaces",
    story(server, ["juliet", "romeo"], async ({ juliet, romeo }) => {
      await befriend(juliet, romeo);
      const orchard = await romeo.online("orchard");
      const balcony = await juliet.online("balcony");
      await quiet([orchard, balcony]);
      for (const session of [orchard, balcony]) session.wire.takeAll();
      for (const content of [
        "<show>out to lunch</show>",
        "<show>away</show><show>dnd</show>",
        "<status xml:lang='it'>amore</status><status xml:lang='en'>love</status><status>love</status>",
        "<x xmlns='urn:example:x'><y a='&lt;&apos;&quot;'>&amp;</y></x><z xmlns='urn:example:z'/>",
        "<priority xmlns='urn:example:x'>1000</priority>",
      ]) {
        balcony.send(`<presence id='p1'>${content}</presence>`);
        balcony.send(`<presence to='${orchard.full}' id='p1'>${content}</presence>`);
        await quiet([orchard, balcony]);
        const told = (to: string) =>
          `<presence from='${balcony.full}' id='p1' to='${to}'>${content}</presence>`;
        const [first, second] = takeConversation(orchard);
        assert.equal(first, told(romeo.jid));
        assert.equal(second, told(orchard.full));
        assert.deepEqual(takeConversation(balcony), [told(balcony.full)]);
      }
    }),
  );

  test(
    "in a request for a subscription reaches the contact, also later",
    story(server, ["juliet", "romeo"], async ({ juliet, romeo }) => {
      const orchard = await romeo.online("orchard");
      const content = "<status>may I?</status><nick xmlns='http://jabber.org/protocol/nick'>R</nick>";
      orchard.send(`<presence to='${juliet.jid}' id='s1' type='subscribe'>${content}</presence>`);
      await quiet([orchard]);
      const balcony = await juliet.connect("balcony");
      await balcony.presence();
      await balcony.settled();
      assert.deepEqual(takeConversation(balcony), [
        `<presence from='${romeo.jid}' id='s1' to='${juliet.jid}' type='subscribe'>${content}</presence>`,
      ]);
    }),
  );
});
