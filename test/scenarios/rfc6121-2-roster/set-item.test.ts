import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { story, storyServer, type XmppClient } from "@rollcall/testkit";
import { itemOf, pushOf, quiet, takeConversation } from "../exact-stanzas.ts";
import { groupsOf, rosterOf, rosterSet, setItem } from "./roster-iq.ts";

const limits = { items: 5, groups: 3, bytes: 32 };
const server = await storyServer({
  settings: {
    "roster.max_items": limits.items,
    "roster.max_groups_per_item": limits.groups,
    "roster.max_name_bytes": limits.bytes,
  },
});
const at = (name: string): string => `${name}@${server.domain}`;

/** Nothing of the roster has changed, and nobody was told anything. */
async function nothingHappened(session: XmppClient, version: string | undefined): Promise<void> {
  await quiet([session]);
  assert.deepEqual(takeConversation(session), []);
  assert.equal((await rosterOf(session)).version, version);
}

describe("a roster set", () => {
  test(
    "makes an item without a subscription: a result for the sender, a push for all interested sessions",
    story(server, ["juliet", "romeo"], async ({ juliet, romeo }) => {
      const balcony = await juliet.interested("balcony");
      const chamber = await juliet.online("chamber");
      const orchard = await romeo.online("orchard");
      await setItem(balcony, `<item jid='${romeo.jid}' name='Romeo'><group>Montagues</group></item>`);
      await quiet([balcony, chamber, orchard]);
      const item = itemOf(romeo.jid, "none", { name: "Romeo", groups: ["Montagues"] });
      assert.deepEqual(takeConversation(balcony), [pushOf(balcony, item)]);
      assert.deepEqual(takeConversation(chamber), [pushOf(chamber, item)]);
      assert.deepEqual(takeConversation(orchard), [], "the contact is told nothing");
    }),
  );

  test(
    "replaces the name and all groups of an item, and pushes what there is then",
    story(server, ["juliet"], async ({ juliet }) => {
      const balcony = await juliet.interested("balcony");
      await setItem(balcony, `<item jid='${at("nurse")}' name='N'><group>a</group><group>b</group></item>`);
      await setItem(balcony, `<item jid='${at("nurse")}' name='Angelica'><group>c</group></item>`);
      await setItem(balcony, `<item jid='${at("nurse")}' name='Angelica'/>`);
      await quiet([balcony]);
      assert.deepEqual(takeConversation(balcony), [
        pushOf(balcony, itemOf(at("nurse"), "none", { name: "N", groups: ["a", "b"] })),
        pushOf(balcony, itemOf(at("nurse"), "none", { name: "Angelica", groups: ["c"] })),
        pushOf(balcony, itemOf(at("nurse"), "none", { name: "Angelica" })),
      ]);
      const { items } = await rosterOf(balcony);
      assert.deepEqual(groupsOf(items.get(at("nurse"))), [], "no group means in no group");
    }),
  );

  test(
    "without a name, or with an empty one, clears it",
    story(server, ["juliet"], async ({ juliet }) => {
      const balcony = await juliet.interested("balcony");
      for (const empty of [" name=''", ""]) {
        await setItem(balcony, `<item jid='${at("nurse")}' name='N'/>`);
        await setItem(balcony, `<item jid='${at("nurse")}'${empty}/>`);
        assert.equal((await rosterOf(balcony)).items.get(at("nurse"))?.attributes.name, undefined);
      }
    }),
  );

  test(
    "keeps the subscription as it is, whatever it says of subscription, ask and approved",
    story(server, ["juliet"], async ({ juliet }) => {
      await server.importRoster(juliet.jid, {
        [at("none")]: { subscription: "none" },
        [at("asked")]: { subscription: "from", ask: "subscribe" },
        [at("approved")]: { subscription: "to", approved: true },
      });
      const balcony = await juliet.interested("balcony");
      const attributes = [
        "",
        " subscription='both'",
        " subscription='none'",
        " subscription='nonsense'",
        " ask='subscribe'",
        " ask='nonsense' approved='true'",
        " approved='false' unknown='attribute'",
      ];
      for (const more of attributes) {
        for (const contact of ["none", "asked", "approved"]) {
          await setItem(balcony, `<item jid='${at(contact)}' name='${contact}'${more}/>`);
        }
        const { items } = await rosterOf(balcony);
        const told = [...items.values()].map(({ attributes: { subscription, ask, approved } }) => [
          subscription,
          ask,
          approved,
        ]);
        assert.deepEqual(told.sort(), [
          ["from", "subscribe", undefined],
          ["none", undefined, undefined],
          ["to", undefined, "true"],
        ]);
      }
    }),
  );

  test(
    "and a request for a subscription to the same contact may come in either order",
    story(server, ["juliet", "romeo"], async ({ juliet, romeo }) => {
      const balcony = await juliet.interested("balcony");
      await setItem(balcony, `<item jid='${romeo.jid}' name='R'><group>g</group></item>`);
      balcony.send(`<presence to='${romeo.jid}' type='subscribe'/>`);
      balcony.send(`<presence to='${at("nurse")}' type='subscribe'/>`);
      await setItem(balcony, `<item jid='${at("nurse")}' name='N'><group>g</group></item>`);
      await quiet([balcony]);
      assert.deepEqual(takeConversation(balcony), [
        pushOf(balcony, itemOf(romeo.jid, "none", { name: "R", groups: ["g"] })),
        pushOf(balcony, itemOf(romeo.jid, "none", { name: "R", groups: ["g"], ask: true })),
        pushOf(balcony, itemOf(at("nurse"), "none", { ask: true })),
        pushOf(balcony, itemOf(at("nurse"), "none", { name: "N", groups: ["g"], ask: true })),
      ]);
    }),
  );

  test(
    "knows a contact by its canonical bare JID",
    story(server, ["juliet"], async ({ juliet }) => {
      const balcony = await juliet.interested("balcony");
      await setItem(balcony, `<item jid='${at("NURSE").toUpperCase()}/Kitchen' name='1'/>`);
      await setItem(balcony, `<item jid='${at("nurse")}' name='2'/>`);
      const { items } = await rosterOf(balcony);
      assert.deepEqual(
        [...items].map(([jid, item]) => [jid, item.attributes.name]),
        [[at("nurse"), "2"]],
      );
    }),
  );

  const refused: readonly (readonly [title: string, content: string, condition: string, type: string])[] = [
    ["without an item is a bad request", "", "bad-request", "modify"],
    [
      "with more than one item is a bad request",
      `<item jid='${at("a")}'/><item jid='${at("b")}'/>`,
      "bad-request",
      "modify",
    ],
    ["with an item without a jid is a bad request", "<item name='A'/>", "bad-request", "modify"],
    ["with a jid that is none is refused as such", "<item jid='a b@c d'/>", "jid-malformed", "modify"],
    [
      "with a group named twice is a bad request",
      `<item jid='${at("a")}'><group>g</group><group>g</group></item>`,
      "bad-request",
      "modify",
    ],
    [
      "with a group named twice in different spaces is a bad request: groups are compared as OpaqueString",
      `<item jid='${at("a")}'><group>a b</group><group>a\u00a0b</group></item>`,
      "bad-request",
      "modify",
    ],
    [
      "with an empty group is not acceptable",
      `<item jid='${at("a")}'><group/></item>`,
      "not-acceptable",
      "modify",
    ],
    [
      "with a name over the limit is not acceptable",
      `<item jid='${at("a")}' name='${"\u00e9".repeat(limits.bytes / 2)}x'/>`,
      "not-acceptable",
      "modify",
    ],
    [
      "with a group over the limit is not acceptable",
      `<item jid='${at("a")}'><group>${"x".repeat(limits.bytes + 1)}</group></item>`,
      "not-acceptable",
      "modify",
    ],
    [
      "with too many groups is not acceptable",
      `<item jid='${at("a")}'><group>1</group><group>2</group><group>3</group><group>4</group></item>`,
      "not-acceptable",
      "modify",
    ],
    [
      "that removes who is not there finds no item",
      `<item jid='${at("a")}' subscription='remove'/>`,
      "item-not-found",
      "cancel",
    ],
  ];
  for (const [title, content, condition, type] of refused) {
    test(
      title,
      story(server, ["juliet"], async ({ juliet }) => {
        const balcony = await juliet.interested("balcony");
        await setItem(balcony, `<item jid='${at("nurse")}'/>`);
        await balcony.push();
        const answer = await rosterSet(balcony, content);
        assert.deepEqual(answer.error(), { condition, type });
        assert.equal(answer.to, balcony.full);
        await nothingHappened(balcony, "1");
      }),
    );
  }

  test(
    "refuses an update for the same reasons, and leaves the item as it was",
    story(server, ["juliet"], async ({ juliet }) => {
      const balcony = await juliet.interested("balcony");
      await setItem(balcony, `<item jid='${at("a")}' name='A'><group>g</group></item>`);
      await balcony.push();
      for (const [, content, condition] of refused.slice(4, 10)) {
        const answer = await rosterSet(balcony, content);
        assert.equal(answer.error()?.condition, condition);
      }
      const { items } = await rosterOf(balcony);
      assert.equal(items.get(at("a"))?.attributes.name, "A");
      assert.deepEqual(groupsOf(items.get(at("a"))), ["g"]);
      await nothingHappened(balcony, "1");
    }),
  );

  test(
    "takes names and groups of exactly the limit",
    story(server, ["juliet"], async ({ juliet }) => {
      const balcony = await juliet.interested("balcony");
      const long = "\u00e9".repeat(limits.bytes / 2);
      await setItem(
        balcony,
        `<item jid='${at("a")}' name='${long}'><group>${long}</group><group>2</group><group>3</group></item>`,
      );
      const { items } = await rosterOf(balcony);
      assert.equal(items.get(at("a"))?.attributes.name, long);
      assert.deepEqual(groupsOf(items.get(at("a"))), [long, "2", "3"]);
    }),
  );

  test(
    "of the account itself is not allowed",
    story(server, ["juliet"], async ({ juliet }) => {
      const balcony = await juliet.interested("balcony");
      for (const jid of [juliet.jid, balcony.full, juliet.jid.toUpperCase()]) {
        const answer = await rosterSet(balcony, `<item jid='${jid}' name='me'/>`);
        assert.deepEqual(answer.error(), { condition: "not-allowed", type: "cancel" });
      }
      await nothingHappened(balcony, "0");
    }),
  );

  test(
    "of one contact more than an account may have violates the policy; those it has can be changed, and one removed makes room",
    story(server, ["juliet"], async ({ juliet }) => {
      const balcony = await juliet.interested("balcony");
      for (let contact = 1; contact <= limits.items; contact++) {
        await setItem(balcony, `<item jid='${at(`c${contact}`)}'/>`);
      }
      const surplus = await rosterSet(balcony, `<item jid='${at("one-more")}'/>`);
      assert.deepEqual(surplus.error(), { condition: "policy-violation", type: "modify" });
      balcony.send(`<presence to='${at("one-more")}' type='subscribe' id='s'/>`);
      const bounced = await balcony.receive("presence", { type: "error", id: "s" });
      assert.equal(bounced.from, at("one-more"));
      assert.equal(bounced.error()?.condition, "policy-violation");
      await setItem(balcony, `<item jid='${at("c1")}' name='changed'/>`);
      await setItem(balcony, `<item jid='${at("c1")}' subscription='remove'/>`);
      await setItem(balcony, `<item jid='${at("one-more")}'/>`);
      assert.equal((await rosterOf(balcony)).items.size, limits.items);
    }),
  );
});
