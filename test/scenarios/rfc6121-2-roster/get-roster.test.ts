import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { befriend, story, storyServer, type XmlNode } from "@rollcall/testkit";
import { itemOf, pushOf, quiet, takeConversation, xmlOf } from "../exact-stanzas.ts";
import { rosterNamespace, rosterOf, rosterSet, setItem } from "./roster-iq.ts";

const server = await storyServer();

describe("a roster get", () => {
  test(
    "of an account without contacts gets an empty query with a version, and no error",
    story(server, ["juliet"], async ({ juliet }) => {
      const balcony = await juliet.connect("balcony");
      const answer = await balcony.roster();
      assert.equal(answer.type, "result");
      assert.equal(answer.to, balcony.full);
      assert.deepEqual(answer.children.map(String), ["<query ver='0'/>"]);
      assert.equal(answer.child("query")?.namespace, rosterNamespace);
    }),
  );

  test(
    "gets what was set, exactly as it was given",
    story(server, ["juliet", "romeo"], async ({ juliet, romeo }) => {
      const balcony = await juliet.interested("balcony");
      const name = " R\u00f6m\u00e9o <&> \"quoted\" 'too' \u{1f339} ";
      const item =
        `<item jid='${romeo.jid}' name=' R\u00f6m\u00e9o &lt;&amp;> &quot;quoted&quot; &apos;too&apos; \u{1f339} '>` +
        "<group>Zanies</group><group>amici &amp; nemici</group><group> \u00e9tudes </group></item>";
      await setItem(balcony, item);
      const { items } = await rosterOf(await juliet.connect("chamber"));
      assert.equal(items.size, 1);
      const stored = items.get(romeo.jid) as XmlNode;
      assert.deepEqual(stored.attributes, { jid: romeo.jid, name, subscription: "none" });
      assert.deepEqual(
        stored.elements().map((group) => group.text()),
        ["Zanies", "amici & nemici", " \u00e9tudes "],
      );
    }),
  );

  test(
    "shows the subscription of every item, an open request, and a pre-approval",
    story(server, ["juliet"], async ({ juliet }) => {
      const at = (name: string): string => `${name}@${server.domain}`;
      await server.importRoster(juliet.jid, {
        [at("none")]: { subscription: "none" },
        [at("to")]: { subscription: "to" },
        [at("from")]: { subscription: "from" },
        [at("both")]: { subscription: "both" },
        [at("ask")]: { subscription: "none", ask: "subscribe" },
        [at("from-ask")]: { subscription: "from", ask: "subscribe" },
        [at("approved")]: { subscription: "none", approved: true },
        [at("ask-approved")]: { subscription: "none", ask: "subscribe", approved: true },
        [at("to-approved")]: { subscription: "to", approved: true },
      });
      const { items, version } = await rosterOf(await juliet.connect("balcony"));
      assert.deepEqual(
        [...items.values()].map((item) => xmlOf(item, rosterNamespace)).sort(),
        [
          itemOf(at("none"), "none"),
          itemOf(at("to"), "to"),
          itemOf(at("from"), "from"),
          itemOf(at("both"), "both"),
          itemOf(at("ask"), "none", { ask: true }),
          itemOf(at("from-ask"), "from", { ask: true }),
          itemOf(at("approved"), "none", { approved: true }),
          itemOf(at("ask-approved"), "none", { ask: true, approved: true }),
          itemOf(at("to-approved"), "to", { approved: true }),
        ].sort(),
      );
      assert.equal(version, "9");
    }),
  );

  test(
    "says nothing of somebody who only asked",
    story(server, ["juliet", "romeo"], async ({ juliet, romeo }) => {
      const orchard = await romeo.online("orchard");
      orchard.send(`<presence to='${juliet.jid}' type='subscribe'/>`);
      await orchard.push(juliet.jid);
      const { items, version } = await rosterOf(await juliet.connect("balcony"));
      assert.deepEqual([...items.keys()], []);
      assert.equal(version, "0");
    }),
  );

  test(
    "may be addressed to the account, and an item in it is ignored",
    story(server, ["juliet"], async ({ juliet }) => {
      const balcony = await juliet.connect("balcony");
      const query = `<query xmlns='${rosterNamespace}'><item jid='romeo@${server.domain}' name='R'/></query>`;
      const answer = await balcony.request("get", query, juliet.jid);
      assert.equal(answer.type, "result");
      assert.equal(answer.from, juliet.jid);
      assert.deepEqual(answer.children.map(String), ["<query ver='0'/>"]);
    }),
  );

  test(
    "makes the session interested, with or without presence; available alone does not",
    story(server, ["juliet"], async ({ juliet }) => {
      const chamber = await juliet.interested("chamber");
      const garden = await juliet.connect("garden");
      await garden.presence();
      const cellar = await juliet.connect("cellar");
      await setItem(chamber, `<item jid='romeo@${server.domain}'/>`);
      await quiet([chamber], [garden, cellar]);
      const item = itemOf(`romeo@${server.domain}`, "none");
      assert.deepEqual(takeConversation(chamber), [pushOf(chamber, item)]);
      assert.deepEqual(
        takeConversation(garden).filter((stanza) => stanza.startsWith("<iq")),
        [],
      );
      assert.deepEqual(takeConversation(cellar), []);
    }),
  );

  test(
    "of somebody else's roster is forbidden, whatever the two are to each other, and so is a set",
    story(server, ["juliet", "romeo"], async ({ juliet, romeo }) => {
      await befriend(juliet, romeo);
      const balcony = await juliet.online("balcony");
      const orchard = await romeo.online("orchard");
      const { version } = await rosterOf(balcony);
      for (const to of [juliet.jid]) {
        const get = await orchard.request("get", `<query xmlns='${rosterNamespace}'/>`, to);
        assert.deepEqual(get.error(), { condition: "forbidden", type: "auth" });
        assert.equal(get.from, to);
        assert.equal(get.child("query"), undefined);
        for (const item of [
          `<item jid='tybalt@${server.domain}'/>`,
          `<item jid='${romeo.jid}' subscription='remove'/>`,
        ]) {
          const set = await rosterSet(orchard, item, to);
          assert.deepEqual(set.error(), { condition: "forbidden", type: "auth" });
          assert.equal(set.from, to);
        }
      }
      assert.equal((await rosterOf(balcony)).version, version);
    }),
  );

  test(
    "of an account that does not exist is answered as any request to it: service-unavailable",
    story(server, ["romeo"], async ({ romeo }) => {
      const orchard = await romeo.connect("orchard");
      const nobody = `nobody@${server.domain}`;
      for (const type of ["get", "set"] as const) {
        const content = type === "get" ? "" : `<item jid='tybalt@${server.domain}'/>`;
        const answer = await orchard.request(
          type,
          `<query xmlns='${rosterNamespace}'>${content}</query>`,
          nobody,
        );
        assert.deepEqual(answer.error(), { condition: "service-unavailable", type: "cancel" });
        assert.equal(answer.from, nobody);
      }
    }),
  );
});
