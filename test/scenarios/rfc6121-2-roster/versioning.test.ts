import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Person, story, storyServer, type XmlNode, type XmppClient } from "@rollcall/testkit";
import { isPush, itemOf, pushOf, quiet, takeConversation, versionOf } from "../exact-stanzas.ts";
import { openStream } from "../raw-stream.ts";
import { rosterNamespace, rosterOf, rosterSet, setItem } from "./roster-iq.ts";

const server = await storyServer();
const at = (name: string): string => `${name}@${server.domain}`;

/** Contacts c1 to c8, one version each. */
async function eightContacts(juliet: Person): Promise<XmppClient> {
  const chamber = await juliet.interested("chamber");
  for (let contact = 1; contact <= 8; contact++) await setItem(chamber, `<item jid='${at(`c${contact}`)}'/>`);
  await quiet([chamber]);
  chamber.wire.takeAll();
  return chamber;
}

/** A get with a version, and the pushes that come after its answer. */
async function fetchSince(
  session: XmppClient,
  version: string,
): Promise<{ answer: XmlNode; pushes: XmlNode[] }> {
  const answer = await session.roster(version);
  assert.equal(answer.type, "result");
  await session.settled();
  const pushes = session.wire.takeAll();
  assert.ok(pushes.every(isPush));
  return { answer, pushes };
}

/** The JIDs of a complete roster. */
function complete({ answer, pushes }: { answer: XmlNode; pushes: XmlNode[] }): string[] {
  assert.deepEqual(pushes, []);
  const query = answer.child("query", rosterNamespace) as XmlNode;
  return query.elements().map((item) => item.attributes.jid ?? "");
}

describe("roster versions", () => {
  test(
    "are offered to whoever has logged in, without being required",
    story(server, ["juliet"], async ({ juliet }) => {
      const before = await openStream(server);
      assert.equal(before.features.child("ver"), undefined);
      before.wire.cut();
      const session = await juliet.connect();
      const features = session.wire.received.slice(session.wire.received.lastIndexOf("<stream:features"));
      assert.match(features, /<ver xmlns=["']urn:xmpp:features:rosterver["']\/>/);
    }),
  );

  test(
    "are in every result and push, also for clients that never sent one, and grow by one with every visible change",
    story(server, ["juliet", "romeo"], async ({ juliet, romeo }) => {
      const balcony = await juliet.interested("balcony");
      assert.equal((await rosterOf(balcony)).version, "0");
      await setItem(balcony, `<item jid='${at("nurse")}'/>`);
      balcony.send(`<presence to='${romeo.jid}' type='subscribe'/>`);
      await setItem(balcony, `<item jid='${at("nurse")}' subscription='remove'/>`);
      assert.equal((await rosterSet(balcony, `<item jid='${at("x")}'><group/></item>`)).type, "error");
      await quiet([balcony]);
      assert.deepEqual(balcony.wire.takeAll().map(versionOf), ["1", "2", "3"]);
      assert.equal((await rosterOf(balcony)).version, "3");
    }),
  );

  test(
    "do not count what clients cannot see: a request that waits, and one that is withdrawn",
    story(server, ["juliet", "romeo"], async ({ juliet, romeo }) => {
      const balcony = await juliet.interested("balcony");
      const orchard = await romeo.online("orchard");
      for (const type of ["subscribe", "unsubscribe", "subscribe"]) {
        orchard.send(`<presence to='${juliet.jid}' type='${type}'/>`);
      }
      balcony.send(`<presence to='${romeo.jid}' type='unsubscribed'/>`);
      await quiet([balcony, orchard]);
      assert.equal((await rosterOf(balcony)).version, "0");
      assert.deepEqual(balcony.wire.takeAll().filter(isPush), []);
    }),
  );

  test(
    "the present one is answered with an empty result and no push",
    story(server, ["juliet"], async ({ juliet }) => {
      const chamber = await eightContacts(juliet);
      const balcony = await juliet.connect("balcony");
      const { answer, pushes } = await fetchSince(balcony, "8");
      assert.deepEqual(answer.children, []);
      assert.deepEqual(pushes, []);
      await setItem(chamber, `<item jid='${at("c1")}'/>`);
      assert.equal((await balcony.push()).attributes.jid, at("c1"), "it is interested all the same");
    }),
  );

  test(
    "an older one gets what has changed since, once and in its last state, in the order of the changes, at the asking session only",
    story(server, ["juliet"], async ({ juliet }) => {
      const chamber = await eightContacts(juliet);
      await setItem(chamber, `<item jid='${at("c2")}' name='not for long'/>`);
      await setItem(chamber, `<item jid='${at("c5")}' subscription='remove'/>`);
      await setItem(chamber, `<item jid='${at("c2")}' name='Two'><group>even</group></item>`);
      await setItem(chamber, `<item jid='${at("gone")}'/>`);
      await setItem(chamber, `<item jid='${at("gone")}' subscription='remove'/>`);
      await quiet([chamber]);
      chamber.wire.takeAll();

      const balcony = await juliet.connect("balcony");
      const { answer, pushes } = await fetchSince(balcony, "8");
      assert.deepEqual(answer.children, [], "an empty result, and no query");
      assert.deepEqual(pushes.map(versionOf), ["10", "11", "13"]);
      assert.deepEqual(
        pushes.map((push) => push.child("query")?.child("item")?.attributes.jid),
        [at("c5"), at("c2"), at("gone")],
      );
      await fetchSince(balcony, "11");
      const again = await juliet.connect("garden");
      again.send(`<iq type='get' id='g'><query xmlns='${rosterNamespace}' ver='10'/></iq>`);
      await again.receive("iq", { id: "g" });
      await again.settled();
      assert.deepEqual(takeConversation(again), [
        pushOf(again, itemOf(at("c2"), "none", { name: "Two", groups: ["even"] })),
        pushOf(again, itemOf(at("gone"), "remove")),
      ]);
      await quiet([chamber]);
      assert.deepEqual(takeConversation(chamber), [], "nobody else hears of it");
    }),
  );

  test(
    "from which half of the items or more have changed get the complete roster",
    story(server, ["juliet"], async ({ juliet }) => {
      const chamber = await eightContacts(juliet);
      const balcony = await juliet.connect("balcony");
      assert.equal((await fetchSince(balcony, "5")).pushes.length, 3);
      assert.equal(complete(await fetchSince(balcony, "4")).length, 8);
      chamber.wire.takeAll();
    }),
  );

  test(
    "that are empty, unknown, too large or not there get the complete roster with the present one",
    story(server, ["juliet"], async ({ juliet }) => {
      await eightContacts(juliet);
      const balcony = await juliet.connect("balcony");
      for (const version of ["", "9", "-1", "08", "8.0", "v8", "a4b0c", "99999999999999999999"]) {
        const fetched = await fetchSince(balcony, version);
        assert.equal(complete(fetched).length, 8, `ver='${version}'`);
        assert.equal(versionOf(fetched.answer), "8");
      }
      assert.equal((await rosterOf(balcony)).items.size, 8);
    }),
  );

  test(
    "tell an empty roster from an unchanged one",
    story(server, ["juliet"], async ({ juliet }) => {
      const balcony = await juliet.connect("balcony");
      assert.deepEqual(complete(await fetchSince(balcony, "")), []);
      assert.deepEqual((await fetchSince(balcony, "0")).answer.children, []);
      await setItem(balcony, `<item jid='${at("nurse")}'/>`);
      await setItem(balcony, `<item jid='${at("nurse")}' subscription='remove'/>`);
      await quiet([balcony]);
      balcony.wire.takeAll();
      assert.deepEqual(complete(await fetchSince(balcony, "1")), []);
      assert.deepEqual((await fetchSince(balcony, "2")).answer.children, []);
    }),
  );

  test(
    "show subscriptions that changed while a client was away",
    story(server, ["juliet", "romeo"], async ({ juliet, romeo }) => {
      const chamber = await eightContacts(juliet);
      chamber.send(`<presence to='${romeo.jid}' type='subscribe'/>`);
      await chamber.push(romeo.jid);
      await chamber.close();
      const orchard = await romeo.online("orchard");
      orchard.send(`<presence to='${juliet.jid}' type='subscribed'/>`);
      await orchard.push(juliet.jid);
      const balcony = await juliet.connect("balcony");
      await fetchSince(balcony, "10");
      const cellar = await juliet.connect("cellar");
      const { answer, pushes } = await fetchSince(cellar, "9");
      assert.deepEqual(answer.children, []);
      assert.deepEqual(
        pushes.map((push) => [versionOf(push), push.child("query")?.child("item")?.attributes.subscription]),
        [["10", "to"]],
      );
    }),
  );
});
