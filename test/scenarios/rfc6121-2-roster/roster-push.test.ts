import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { story, storyServer, type XmlNode, type XmppClient } from "@rollcall/testkit";
import { isPush, itemOf, pushOf, quiet, takeConversation, versionOf } from "../exact-stanzas.ts";
import { rosterNamespace, rosterOf, setItem } from "./roster-iq.ts";

const server = await storyServer();
const at = (name: string): string => `${name}@${server.domain}`;

function takePushes(session: XmppClient): XmlNode[] {
  return session.wire.takeAll().filter(isPush);
}

describe("a roster push", () => {
  test(
    "has one item, no `from`, the full JID in `to`, an id of its own and the new version",
    story(server, ["juliet"], async ({ juliet }) => {
      const balcony = await juliet.interested("balcony");
      const chamber = await juliet.interested("chamber");
      await setItem(balcony, `<item jid='${at("nurse")}'/>`);
      await setItem(chamber, `<item jid='${at("friar")}'/>`);
      await quiet([balcony, chamber]);
      for (const session of [balcony, chamber]) {
        const pushes = takePushes(session);
        assert.deepEqual(pushes.map(versionOf), ["1", "2"]);
        for (const push of pushes) {
          assert.deepEqual(Object.keys(push.attributes).sort(), ["id", "to", "type"]);
          assert.equal(push.to, session.full);
          assert.equal(push.children.length, 1);
          assert.equal(push.child("query", rosterNamespace)?.elements().length, 1);
        }
        assert.equal(new Set(pushes.map(({ id }) => id)).size, 2);
      }
    }),
  );

  test(
    "goes to the one of two sessions that has fetched the roster, whoever makes the change",
    story(server, ["juliet"], async ({ juliet }) => {
      const balcony = await juliet.interested("balcony");
      const garden = await juliet.connect("garden");
      await garden.presence();
      await setItem(garden, `<item jid='${at("nurse")}'/>`);
      garden.send(`<presence to='${at("friar")}' type='subscribe'/>`);
      await quiet([balcony], [garden]);
      assert.deepEqual(takeConversation(balcony), [
        pushOf(balcony, itemOf(at("nurse"), "none")),
        pushOf(balcony, itemOf(at("friar"), "none", { ask: true })),
      ]);
      assert.deepEqual(takePushes(garden), []);
    }),
  );

  test(
    "goes on while its session is unavailable, and ends with the session",
    story(server, ["juliet"], async ({ juliet }) => {
      const balcony = await juliet.online("balcony");
      const chamber = await juliet.interested("chamber");
      await balcony.presence("", "unavailable");
      await setItem(chamber, `<item jid='${at("nurse")}'/>`);
      await balcony.push(at("nurse"));
      await balcony.close();
      await setItem(chamber, `<item jid='${at("friar")}'/>`);
      assert.equal((await chamber.push(at("friar"))).attributes.jid, at("friar"));
    }),
  );

  test(
    "needs no answer, and an error for one changes nothing",
    story(server, ["juliet"], async ({ juliet }) => {
      const balcony = await juliet.interested("balcony");
      await setItem(balcony, `<item jid='${at("a")}'/>`);
      await setItem(balcony, `<item jid='${at("b")}'/>`);
      await quiet([balcony]);
      const [refused] = takePushes(balcony);
      for (const to of ["", ` to='${juliet.jid}'`]) {
        balcony.send(
          `<iq type='error' id='${refused?.id}'${to}><error type='cancel'>` +
            "<service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>",
        );
      }
      await setItem(balcony, `<item jid='${at("c")}'/>`);
      await quiet([balcony]);
      assert.deepEqual(takeConversation(balcony), [pushOf(balcony, itemOf(at("c"), "none"))]);
      assert.deepEqual([...(await rosterOf(balcony)).items.keys()].sort(), [at("a"), at("b"), at("c")]);
    }),
  );

  test(
    "follows the one before it in version, at every session, however many change the roster at once",
    story(server, ["juliet"], async ({ juliet }) => {
      const sessions = await Promise.all(["a", "b", "c"].map((resource) => juliet.interested(resource)));
      const changes = 8;
      for (const session of sessions) {
        for (let change = 1; change <= changes; change++) {
          const jid = at(`${session.resource}${change}`);
          session.send(
            change % 2 === 0
              ? `<presence to='${jid}' type='subscribe'/>`
              : `<iq type='set' id='s${change}'><query xmlns='${rosterNamespace}'><item jid='${jid}'/></query></iq>`,
          );
        }
      }
      await quiet(sessions);
      const expected = Array.from({ length: sessions.length * changes }, (_, index) => String(index + 1));
      const orders = sessions.map((session) => {
        const pushes = takePushes(session);
        assert.deepEqual(pushes.map(versionOf), expected);
        return pushes.map((push) => push.child("query")?.child("item")?.attributes.jid);
      });
      assert.deepEqual(orders[1], orders[0]);
      assert.deepEqual(orders[2], orders[0]);
    }),
  );

  test(
    "is sent again for a set that changes nothing, with a version of its own; a repeated request is not pushed",
    story(server, ["juliet"], async ({ juliet }) => {
      const balcony = await juliet.interested("balcony");
      await setItem(balcony, `<item jid='${at("nurse")}' name='N'/>`);
      await setItem(balcony, `<item jid='${at("nurse")}' name='N'/>`);
      for (let time = 1; time <= 3; time++) {
        balcony.send(`<presence to='${at("friar")}' type='subscribe'/>`);
      }
      await quiet([balcony]);
      assert.deepEqual(takePushes(balcony).map(versionOf), ["1", "2", "3"]);
      assert.equal((await rosterOf(balcony)).version, "3");
    }),
  );
});
