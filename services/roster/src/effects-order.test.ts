import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import type { SubscriptionState } from "@rollcall/rfc6121";
import { openStage, people, type RosterStage, rosterIq } from "./testing/roster-stage.ts";

const [juliet, romeo, nurse] = people;

let stage: RosterStage;

beforeEach(async () => {
  stage = await openStage();
});

afterEach(() => stage.close());

describe("the order of effects: the account's own stanzas", () => {
  test("subscribe: route, then push with ask", async () => {
    await stage.presence(juliet, "subscribe", romeo);
    assert.deepEqual(stage.take(), [
      "romeo <- subscribe of juliet",
      "romeo: changed juliet:none no-item request, available subscribe of juliet",
      "juliet: changed romeo:none, push romeo:none+ask@1",
    ]);
  });

  test("subscribe again: routed, nothing else", async () => {
    await stage.become("none+pending-out");
    await stage.presence(juliet, "subscribe", romeo);
    assert.deepEqual(stage.take(), ["romeo <- subscribe of juliet"]);
  });

  test("approval: route, push, then presence; the contact hears before its push", async () => {
    await stage.become("none+pending-in");
    await stage.presence(juliet, "subscribed", romeo);
    assert.deepEqual(stage.take(), [
      "romeo <- subscribed of juliet",
      "romeo: changed juliet:to, interested subscribed of juliet, push juliet:to@2",
      "juliet: changed romeo:from, push romeo:from@1, presence to romeo",
    ]);
    assert.deepEqual([await stage.state(juliet, romeo), await stage.state(romeo, juliet)], ["from", "to"]);
  });

  test("denial: route, no push, no unavailable", async () => {
    await stage.become("none+pending-in");
    await stage.presence(juliet, "unsubscribed", romeo);
    assert.deepEqual(stage.take(), [
      "romeo <- unsubscribed of juliet",
      "romeo: changed juliet:none, interested unsubscribed of juliet, push juliet:none@2",
      "juliet: changed romeo:none no-item",
    ]);
  });

  test("cancellation: unavailable, then `unsubscribed`, then push", async () => {
    await stage.become("from");
    await stage.presence(juliet, "unsubscribed", romeo);
    assert.deepEqual(stage.take(), [
      "juliet: changed romeo:none, unavailable to romeo",
      "romeo <- unsubscribed of juliet",
      "romeo: changed juliet:none, interested unsubscribed of juliet, push juliet:none@3",
      "juliet: push romeo:none@2",
    ]);
  });

  test("unsubscribe: the contact delivers, pushes, sends unavailable; then our push; no reply", async () => {
    await stage.become("to");
    await stage.presence(juliet, "unsubscribe", romeo);
    const lines = stage.take();
    assert.deepEqual(
      lines.filter((line) => !line.startsWith("juliet <-")),
      [
        "romeo <- unsubscribe of juliet",
        "romeo: changed juliet:none, interested unsubscribe of juliet, push juliet:none@2, unavailable to juliet",
        "juliet: changed romeo:none, push romeo:none@3",
      ],
    );
    assert.ok(!lines.includes("juliet <- unsubscribed of romeo"));
    assert.deepEqual([await stage.state(juliet, romeo), await stage.state(romeo, juliet)], ["none", "none"]);
  });

  test("pre-approval: a push and no stanza; the request that meets it: push, reply, presence", async () => {
    await stage.presence(juliet, "subscribed", romeo);
    assert.deepEqual(stage.take(), ["juliet: changed romeo:none, push romeo:none+approved@1"]);
    await stage.presence(romeo, "subscribe", juliet);
    const lines = stage.take();
    assert.deepEqual(
      lines.filter((line) => line.startsWith("juliet")),
      [
        "juliet <- subscribe of romeo",
        "juliet: changed romeo:from, push romeo:from@2",
        "juliet: presence to romeo",
      ],
    );
    assert.ok(lines.indexOf("romeo <- subscribed of juliet") < lines.indexOf("juliet: presence to romeo"));
    assert.deepEqual([await stage.state(juliet, romeo), await stage.state(romeo, juliet)], ["from", "to"]);
  });

  test("pre-approval taken back: a push and no stanza", async () => {
    await stage.presence(juliet, "subscribed", romeo);
    stage.take();
    await stage.presence(juliet, "unsubscribed", romeo);
    assert.deepEqual(stage.take(), ["juliet: changed romeo:none, push romeo:none@2"]);
  });

  test("what the table ignores says nothing at all", async () => {
    await stage.presence(juliet, "unsubscribed", romeo);
    assert.deepEqual(stage.take(), []);
  });
});

describe("the order of effects: automatic replies", () => {
  test("a request of somebody subscribed: `subscribed`, then presence", async () => {
    await stage.become("from");
    // Romeo's side has forgotten.
    await stage.store.update(romeo, () => ({
      changes: [{ kind: "remove", jid: juliet }],
      result: undefined,
    }));
    await stage.presence(romeo, "subscribe", juliet);
    const lines = stage.take();
    assert.ok(lines.includes("juliet <- subscribe of romeo"));
    assert.ok(lines.indexOf("romeo <- subscribed of juliet") < lines.indexOf("juliet: presence to romeo"));
    assert.deepEqual([await stage.state(juliet, romeo), await stage.state(romeo, juliet)], ["from", "to"]);
  });

  test("a withdrawn request: delivered, no push, no unavailable, no answer", async () => {
    await stage.become("none+pending-in");
    await stage.presence(romeo, "unsubscribe", juliet);
    const lines = stage.take();
    assert.ok(lines.includes("juliet: changed romeo:none no-item, interested unsubscribe of romeo"));
    assert.ok(!lines.includes("romeo <- unsubscribed of juliet"));
  });
});

describe("roster sets", () => {
  test("an item is answered and pushed; the push carries the new version", async () => {
    await stage.rosterSet(juliet, '<item jid="romeo@x.example" name="R"><group>g</group></item>');
    assert.deepEqual(stage.take(), ["juliet: answer iq empty, changed romeo:none, push romeo:none@1"]);
    assert.equal(stage.answers(juliet).at(-1), '<iq to="juliet@x.example/r" type="result" id="iq1"/>');
  });

  const removals: readonly (readonly [SubscriptionState, readonly string[]])[] = [
    ["none+pending-out", ["unsubscribe"]],
    ["none+pending-out+in", ["unsubscribe", "unsubscribed"]],
    ["to", ["unsubscribe"]],
    ["to+pending-in", ["unsubscribe", "unsubscribed"]],
    ["from", ["unsubscribed"]],
    ["from+pending-out", ["unsubscribe", "unsubscribed"]],
    ["both", ["unsubscribe", "unsubscribed"]],
  ];
  for (const [first, stanzas] of removals) {
    test(`removal in ${first}: answer and push, unavailable before ${stanzas.join(" and ")}`, async () => {
      await stage.become(first);
      await stage.rosterSet(juliet, '<item jid="romeo@x.example" subscription="remove"/>');
      await stage.settled();
      const lines = stage.take();
      const farewell = first.startsWith("from") || first === "both" ? ", unavailable to romeo" : "";
      assert.match(
        lines[0] ?? "",
        new RegExp(
          `^juliet: answer iq empty, changed romeo:none no-item, push romeo:remove@\\d+${farewell}$`,
        ),
      );
      assert.deepEqual(
        lines.filter((line) => line.startsWith("romeo <-")),
        stanzas.map((type) => `romeo <- ${type} of juliet`),
      );
      assert.deepEqual(
        [await stage.state(juliet, romeo), await stage.state(romeo, juliet)],
        ["none", "none"],
      );
    });
  }

  test("an item only in the roster goes without a word to the contact", async () => {
    await stage.rosterSet(juliet, '<item jid="romeo@x.example"/>');
    stage.take();
    await stage.rosterSet(juliet, '<item jid="romeo@x.example" subscription="remove"/>');
    assert.deepEqual(stage.take(), [
      "juliet: answer iq empty, changed romeo:none no-item, push romeo:remove@2",
    ]);
  });

  test("refusals answer and change nothing", async () => {
    await stage.rosterSet(juliet, '<item jid="romeo@x.example" subscription="remove"/>');
    await stage.rosterSet(juliet, '<item jid="juliet@x.example"/>');
    await stage.rosterSet(juliet, "");
    assert.deepEqual(stage.take(), [
      "juliet: answer iq item-not-found",
      "juliet: answer iq not-allowed",
      "juliet: answer iq bad-request",
    ]);
  });

  test("the roster of another account is forbidden, that of nobody is no service", async () => {
    for (const to of [romeo, "nobody@x.example", "romeo@elsewhere.example"]) {
      const iq = rosterIq(juliet, "get", "", undefined, to);
      await stage.send(juliet, stage.command(juliet, "roster-iq", iq));
    }
    assert.deepEqual(stage.take(), [
      "juliet: answer iq forbidden",
      "juliet: answer iq service-unavailable",
      "juliet: answer iq remote-server-not-found",
    ]);
  });

  test("a full roster takes no more", async () => {
    await stage.close();
    stage = await openStage({ settings: { "roster.max_items": 1 } });
    await stage.rosterSet(juliet, '<item jid="romeo@x.example"/>');
    stage.take();
    await stage.rosterSet(juliet, '<item jid="nurse@x.example"/>');
    await stage.presence(juliet, "subscribe", nurse);
    assert.deepEqual(stage.take(), [
      "juliet: answer iq policy-violation",
      "juliet: answer presence policy-violation",
    ]);
  });
});

describe("roster gets", () => {
  test("the complete roster with its version, and the session is interested", async () => {
    await stage.rosterGet(juliet);
    assert.deepEqual(stage.take(), ["juliet: answer iq roster interested"]);
    assert.match(stage.answers(juliet).at(-1) ?? "", /<query xmlns="jabber:iq:roster" ver="0"\/>/);
  });

  test("the present version gets an empty result", async () => {
    await stage.rosterSet(juliet, '<item jid="romeo@x.example"/>');
    stage.take();
    await stage.rosterGet(juliet, "1");
    assert.deepEqual(stage.take(), ["juliet: answer iq empty interested"]);
  });

  test("a known version gets the changes since then, for this session only", async () => {
    for (let i = 0; i < 6; i += 1) await stage.rosterSet(juliet, `<item jid="c${i}@x.example"/>`);
    await stage.rosterSet(juliet, '<item jid="c0@x.example" subscription="remove"/>');
    await stage.rosterSet(juliet, '<item jid="c1@x.example" name="one"/>');
    stage.take();
    await stage.rosterGet(juliet, "6");
    assert.deepEqual(stage.take(), [
      "juliet: answer iq empty interested, push c0:remove@7 only, push c1:none@8 only",
    ]);
    await stage.rosterGet(juliet, "");
    assert.deepEqual(stage.take(), ["juliet: answer iq roster interested"]);
  });

  test("a get among writes takes its turn: what it does not show is pushed after it", async () => {
    const set = (jid: string) =>
      stage.command(juliet, "roster-iq", rosterIq(juliet, "set", `<item jid="${jid}"/>`));
    const first = set("a@x.example");
    const get = stage.command(juliet, "roster-iq", rosterIq(juliet, "get", ""));
    const second = set("b@x.example");
    await Promise.all([stage.send(juliet, first), stage.send(juliet, get), stage.send(juliet, second)]);
    assert.deepEqual(stage.take(), [
      "juliet: answer iq empty, changed a:none, push a:none@1",
      "juliet: answer iq roster interested",
      "juliet: answer iq empty, changed b:none, push b:none@2",
    ]);
  });
});
