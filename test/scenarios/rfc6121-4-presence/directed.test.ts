/** RFC 6121, 4.6: directed presence, and how those who got it learn of its end. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { befriend, story, storyServer, type XmppClient } from "@rollcall/testkit";
import { quiet, takeConversation } from "../exact-stanzas.ts";

const server = await storyServer();
const fewTargets = await storyServer({ settings: { "presence.directed_per_session": 3 } });

async function emptied(...sessions: readonly XmppClient[]): Promise<void> {
  await quiet(sessions);
  for (const session of sessions) session.wire.takeAll();
}

function presence(
  from: XmppClient,
  to: string,
  { id = "", type = "", payload = "" }: { id?: string; type?: string; payload?: string } = {},
): string {
  const attributes =
    `from='${from.full}'${id === "" ? "" : ` id='${id}'`} to='${to}'` +
    (type === "" ? "" : ` type='${type}'`);
  return payload === "" ? `<presence ${attributes}/>` : `<presence ${attributes}>${payload}</presence>`;
}

describe("directed presence", () => {
  test(
    "goes in full to somebody outside the roster, who gets no later broadcast but the end of it",
    story(server, ["juliet", "romeo"], async ({ juliet, romeo }) => {
      const orchard = await romeo.online("orchard");
      const street = await romeo.online("street");
      const balcony = await juliet.online("balcony");
      const sessions = [orchard, street, balcony];
      await emptied(...sessions);
      const payload = "<show>chat</show><status>for you</status><x xmlns='urn:example:x'/>";
      balcony.send(`<presence to='${orchard.full}' id='d1'>${payload}</presence>`);
      await quiet(sessions);
      assert.deepEqual(sessions.map(takeConversation), [
        [presence(balcony, orchard.full, { id: "d1", payload })],
        [],
        [],
      ]);

      balcony.send("<presence id='b1'><show>dnd</show></presence>");
      await quiet(sessions);
      assert.deepEqual([orchard, street].map(takeConversation), [[], []], "not in later broadcasts");

      balcony.wire.takeAll();
      balcony.send("<presence id='u1' type='unavailable'><status>bye</status></presence>");
      await quiet(sessions);
      const end = { id: "u1", type: "unavailable", payload: "<status>bye</status>" };
      assert.deepEqual(sessions.map(takeConversation), [
        [presence(balcony, orchard.full, end)],
        [],
        [presence(balcony, balcony.full, end)],
      ]);
      await balcony.close();
      await quiet([orchard, street]);
      assert.deepEqual([orchard, street].map(takeConversation), [[], []], "once");
    }),
  );

  test(
    "to a bare JID reaches every available resource, and so does its end",
    story(server, ["juliet", "romeo"], async ({ juliet, romeo }) => {
      const orchard = await romeo.online("orchard");
      const street = await romeo.online("street", "<priority>-1</priority>");
      const balcony = await juliet.online("balcony");
      await emptied(orchard, street, balcony);
      balcony.send(`<presence to='${romeo.jid}' id='d1'/>`);
      await quiet([orchard, street, balcony]);
      assert.deepEqual([orchard, street].map(takeConversation), [
        [presence(balcony, romeo.jid, { id: "d1" })],
        [presence(balcony, romeo.jid, { id: "d1" })],
      ]);
      balcony.cut();
      const end = [presence(balcony, romeo.jid, { type: "unavailable" })];
      await Promise.all(
        [orchard, street].map((session) => session.receive("presence", { from: balcony.full })),
      );
      await quiet([orchard, street]);
      assert.deepEqual([orchard, street].map(takeConversation), [[], []], `only ${end}`);
    }),
  );

  test(
    "is ended for its targets when the stream dies, with nothing in it",
    story(server, ["juliet", "romeo"], async ({ juliet, romeo }) => {
      const orchard = await romeo.online("orchard");
      const balcony = await juliet.online("balcony");
      balcony.send(`<presence to='${orchard.full}'/>`);
      await orchard.receive("presence", { from: balcony.full });
      balcony.cut();
      const end = await orchard.receive("presence", { from: balcony.full });
      assert.deepEqual(end.attributes, { from: balcony.full, to: orchard.full, type: "unavailable" });
      assert.deepEqual(end.children, []);
    }),
  );

  test(
    "of a resource that is only connected does not make it available, and ends with its stream",
    story(server, ["juliet", "romeo", "nurse"], async ({ juliet, romeo, nurse }) => {
      await befriend(juliet, nurse, "from");
      const orchard = await romeo.online("orchard");
      const kitchen = await nurse.online("kitchen");
      const chamber = await juliet.online("chamber");
      const wing = await juliet.interested("wing");
      await emptied(orchard, kitchen, chamber, wing);
      wing.send(`<presence to='${orchard.full}' id='d1'><status>psst</status></presence>`);
      await quiet([orchard, kitchen, chamber, wing]);
      assert.deepEqual(takeConversation(orchard), [
        presence(wing, orchard.full, { id: "d1", payload: "<status>psst</status>" }),
      ]);
      assert.deepEqual([kitchen, chamber, wing].map(takeConversation), [[], [], []]);
      kitchen.send(`<presence to='${juliet.jid}' type='probe'/>`);
      await quiet([kitchen]);
      assert.ok(
        takeConversation(kitchen).every((text) => !text.includes(wing.full)),
        "not available",
      );
      orchard.send(`<message to='${juliet.jid}' type='headline' id='h'/>`);
      await quiet([orchard, wing]);
      assert.deepEqual(takeConversation(wing), []);

      await wing.close();
      const end = await orchard.receive("presence", { from: wing.full });
      assert.equal(end.type, "unavailable");
      await quiet([kitchen]);
      assert.deepEqual(takeConversation(kitchen), []);
    }),
  );

  test(
    "is ended by directed unavailable presence, once and for all",
    story(server, ["juliet", "romeo"], async ({ juliet, romeo }) => {
      const orchard = await romeo.online("orchard");
      const balcony = await juliet.online("balcony");
      await emptied(orchard, balcony);
      balcony.send(`<presence to='${orchard.full}' id='d1'/>`);
      balcony.send(
        `<presence to='${orchard.full}' id='d2' type='unavailable'><status>enough</status></presence>`,
      );
      await balcony.presence("", "unavailable");
      await balcony.close();
      await quiet([orchard]);
      assert.deepEqual(takeConversation(orchard), [
        presence(balcony, orchard.full, { id: "d1" }),
        presence(balcony, orchard.full, {
          id: "d2",
          type: "unavailable",
          payload: "<status>enough</status>",
        }),
      ]);
    }),
  );

  test(
    "is over for a target that went itself",
    story(server, ["juliet", "romeo"], async ({ juliet, romeo }) => {
      const orchard = await romeo.online("orchard");
      const balcony = await juliet.online("balcony");
      balcony.send(`<presence to='${orchard.full}'/>`);
      await orchard.receive("presence", { from: balcony.full });
      orchard.send(`<presence to='${balcony.full}'/>`);
      await balcony.receive("presence", { from: orchard.full });
      await orchard.presence("", "unavailable");
      await balcony.receive("presence", { from: orchard.full, type: "unavailable" });
      await emptied(orchard, balcony);
      await balcony.presence("", "unavailable");
      await quiet([orchard]);
      assert.deepEqual(takeConversation(orchard), []);
    }),
  );

  test(
    "to a subscriber is passed on in full, and changes nothing of what it gets as a subscriber",
    story(server, ["juliet", "romeo"], async ({ juliet, romeo }) => {
      await befriend(juliet, romeo);
      const orchard = await romeo.online("orchard");
      const balcony = await juliet.online("balcony");
      await emptied(orchard, balcony);
      balcony.send(`<presence to='${romeo.jid}' id='d1'><status>only you</status></presence>`);
      balcony.send(`<presence to='${orchard.full}' id='d2' type='unavailable'/>`);
      balcony.send("<presence id='b1'><show>away</show></presence>");
      balcony.send(`<presence to='${orchard.full}' id='d3'/>`);
      balcony.send("<presence id='u1' type='unavailable'/>");
      await quiet([orchard, balcony]);
      assert.deepEqual(takeConversation(orchard), [
        presence(balcony, romeo.jid, { id: "d1", payload: "<status>only you</status>" }),
        presence(balcony, orchard.full, { id: "d2", type: "unavailable" }),
        presence(balcony, romeo.jid, { id: "b1", payload: "<show>away</show>" }),
        presence(balcony, orchard.full, { id: "d3" }),
        presence(balcony, romeo.jid, { id: "u1", type: "unavailable" }),
      ]);
    }),
  );

  test(
    "makes room for a subscription: a new subscriber gets broadcasts, and the end of presence once",
    story(server, ["juliet", "romeo"], async ({ juliet, romeo }) => {
      const orchard = await romeo.online("orchard");
      const balcony = await juliet.online("balcony");
      balcony.send(`<presence to='${orchard.full}'/>`);
      orchard.send(`<presence to='${juliet.jid}' type='subscribe'/>`);
      await balcony.receive("presence", { type: "subscribe" });
      balcony.send(`<presence to='${romeo.jid}' type='subscribed'/>`);
      await emptied(orchard, balcony);
      await emptied(orchard, balcony);
      balcony.send("<presence id='b1'/><presence id='u1' type='unavailable'/>");
      await quiet([orchard, balcony]);
      assert.deepEqual(takeConversation(orchard), [
        presence(balcony, romeo.jid, { id: "b1" }),
        presence(balcony, romeo.jid, { id: "u1", type: "unavailable" }),
      ]);
    }),
  );

  test(
    "does not outlive a subscription that is cancelled",
    story(server, ["juliet", "romeo"], async ({ juliet, romeo }) => {
      await befriend(juliet, romeo, "from");
      const orchard = await romeo.online("orchard");
      const balcony = await juliet.online("balcony");
      balcony.send(`<presence to='${orchard.full}' id='d1'/>`);
      await orchard.receive("presence", { id: "d1" });
      await emptied(orchard, balcony);
      balcony.send(`<presence to='${romeo.jid}' id='c1' type='unsubscribed'/>`);
      await quiet([balcony, orchard]);
      const [gone, cancelled] = takeConversation(orchard).filter((text) => text.startsWith("<presence"));
      assert.equal(gone, presence(balcony, romeo.jid, { type: "unavailable" }));
      assert.match(cancelled ?? "", /type='unsubscribed'/);
      await balcony.presence("", "unavailable");
      await quiet([balcony, orchard]);
      assert.deepEqual(takeConversation(orchard), [], "it has been told already");
    }),
  );

  test(
    "tells the one who got it of that resource only, in answer to a probe, and only while it lasts",
    story(server, ["juliet", "romeo"], async ({ juliet, romeo }) => {
      const orchard = await romeo.online("orchard");
      await juliet.online("chamber");
      const balcony = await juliet.online("balcony", "<show>away</show>");
      balcony.send(`<presence to='${orchard.full}' id='d1'><status>psst</status></presence>`);
      await orchard.receive("presence", { id: "d1" });
      await emptied(orchard);
      for (const address of [juliet.jid, balcony.full, `${juliet.jid}/chamber`, `${juliet.jid}/none`]) {
        orchard.send(`<presence to='${address}' type='probe'/>`);
        await quiet([orchard]);
        const told =
          address.endsWith("chamber") || address.endsWith("none") ? [] : [presence(balcony, orchard.full)];
        assert.deepEqual(takeConversation(orchard), told, address);
      }
      const street = await romeo.online("street");
      await emptied(street, orchard);
      street.send(`<presence to='${balcony.full}' type='probe'/>`);
      await quiet([street]);
      assert.deepEqual(takeConversation(street), [], "another resource got nothing");
      balcony.send(`<presence to='${orchard.full}' type='unavailable'/>`);
      await orchard.receive("presence", { from: balcony.full, type: "unavailable" });
      orchard.send(`<presence to='${balcony.full}' type='probe'/>`);
      await quiet([orchard]);
      assert.deepEqual(takeConversation(orchard), []);
    }),
  );

  test(
    "starts afresh with a new presence session",
    story(server, ["juliet", "romeo"], async ({ juliet, romeo }) => {
      const orchard = await romeo.online("orchard");
      const balcony = await juliet.online("balcony");
      balcony.send(`<presence to='${orchard.full}'/>`);
      await balcony.presence("", "unavailable");
      await balcony.presence();
      await emptied(orchard, balcony);
      await balcony.presence("", "unavailable");
      await quiet([orchard]);
      assert.deepEqual(takeConversation(orchard), [], "not a target of the second session");
    }),
  );

  test(
    "has a bound: with too many targets a further one is refused, those that are known are not",
    story(fewTargets, ["juliet", "romeo"], async ({ juliet, romeo }) => {
      const orchard = await romeo.online("orchard");
      const balcony = await juliet.online("balcony");
      await emptied(orchard, balcony);
      for (const resource of ["orchard", "b", "c", "d", "orchard"]) {
        balcony.send(`<presence to='${romeo.jid}/${resource}' id='${resource}'/>`);
      }
      await quiet([balcony, orchard]);
      const refused = await balcony.receive("presence", { type: "error" });
      assert.equal(refused.id, "d");
      assert.equal(refused.from, `${romeo.jid}/d`);
      assert.deepEqual(refused.error(), { condition: "resource-constraint", type: "wait" });
      assert.deepEqual(takeConversation(orchard).length, 2);
      balcony.send(`<presence to='${romeo.jid}/b' type='unavailable'/>`);
      balcony.send(`<presence to='${romeo.jid}/d' id='d'/>`);
      await quiet([balcony]);
      assert.deepEqual(takeConversation(balcony), [], "there is room again");
    }),
  );

  test(
    "between the resources of one account is passed on, and their broadcasts are enough at the end",
    story(server, ["juliet"], async ({ juliet }) => {
      const chamber = await juliet.online("chamber");
      const balcony = await juliet.online("balcony");
      await emptied(chamber, balcony);
      balcony.send(`<presence to='${chamber.full}' id='d1'/>`);
      balcony.send("<presence id='u1' type='unavailable'/>");
      await quiet([chamber, balcony]);
      assert.deepEqual(takeConversation(chamber), [
        presence(balcony, chamber.full, { id: "d1" }),
        presence(balcony, chamber.full, { id: "u1", type: "unavailable" }),
      ]);
    }),
  );
});
