import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { StoreUnavailableError } from "@rollcall/accounts";
import { BusError } from "@rollcall/bus";
import { channels } from "@rollcall/contracts";
import { contactIn, type SubscriptionState } from "@rollcall/rfc6121";
import type { BareJid } from "@rollcall/xmpp";
import { createMemoryRosterStore } from "./store/memory-roster-store.ts";
import type { RosterStore } from "./store/roster-store.ts";
import {
  openStage,
  people,
  presenceStanza,
  type RosterStage,
  rosterIq,
  type StageOptions,
} from "./testing/roster-stage.ts";

const [juliet, romeo, nurse] = people;

let stage: RosterStage;
let opened: RosterStage[];

async function open(options?: StageOptions): Promise<RosterStage> {
  stage = await openStage(options);
  opened.push(stage);
  return stage;
}

beforeEach(async () => {
  opened = [];
  await open();
});

afterEach(async () => {
  for (const one of opened) await one.close();
});

async function state(owner: BareJid, contact: BareJid): Promise<SubscriptionState> {
  return contactIn((await stage.store.load(owner)).roster, contact).subscription.state;
}

async function become(first: SubscriptionState): Promise<void> {
  if (first === "none") return;
  if (first.includes("to") || first === "both") {
    await stage.presence(juliet, "subscribe", romeo);
    await stage.presence(romeo, "subscribed", juliet);
  }
  if (first.startsWith("from") || first === "both") {
    await stage.presence(romeo, "subscribe", juliet);
    await stage.presence(juliet, "subscribed", romeo);
  }
  if (first.includes("pending-out")) await stage.presence(juliet, "subscribe", romeo);
  if (first.endsWith("in")) await stage.presence(romeo, "subscribe", juliet);
  assert.equal(await state(juliet, romeo), first);
  stage.take();
}

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
    await become("none+pending-out");
    await stage.presence(juliet, "subscribe", romeo);
    assert.deepEqual(stage.take(), ["romeo <- subscribe of juliet"]);
  });

  test("approval: route, push, then presence; the contact hears before its push", async () => {
    await become("none+pending-in");
    await stage.presence(juliet, "subscribed", romeo);
    assert.deepEqual(stage.take(), [
      "romeo <- subscribed of juliet",
      "romeo: changed juliet:to, interested subscribed of juliet, push juliet:to@2",
      "juliet: changed romeo:from, push romeo:from@1, presence to romeo",
    ]);
    assert.deepEqual([await state(juliet, romeo), await state(romeo, juliet)], ["from", "to"]);
  });

  test("denial: route, no push, no unavailable", async () => {
    await become("none+pending-in");
    await stage.presence(juliet, "unsubscribed", romeo);
    assert.deepEqual(stage.take(), [
      "romeo <- unsubscribed of juliet",
      "romeo: changed juliet:none, interested unsubscribed of juliet, push juliet:none@2",
      "juliet: changed romeo:none no-item",
    ]);
  });

  test("cancellation: unavailable, then `unsubscribed`, then push", async () => {
    await become("from");
    await stage.presence(juliet, "unsubscribed", romeo);
    assert.deepEqual(stage.take(), [
      "juliet: changed romeo:none, unavailable to romeo",
      "romeo <- unsubscribed of juliet",
      "romeo: changed juliet:none, interested unsubscribed of juliet, push juliet:none@3",
      "juliet: push romeo:none@2",
    ]);
  });

  test("unsubscribe: the contact delivers, pushes, sends unavailable; then our push; then its reply, ignored", async () => {
    await become("to");
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
    assert.ok(lines.includes("juliet <- unsubscribed of romeo"));
    assert.deepEqual([await state(juliet, romeo), await state(romeo, juliet)], ["none", "none"]);
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
    assert.deepEqual([await state(juliet, romeo), await state(romeo, juliet)], ["from", "to"]);
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
    await become("from");
    // Romeo's side has forgotten.
    await stage.store.update(romeo, () => ({
      changes: [{ kind: "remove", jid: juliet }],
      result: undefined,
    }));
    await stage.presence(romeo, "subscribe", juliet);
    const lines = stage.take();
    assert.ok(lines.includes("juliet <- subscribe of romeo"));
    assert.ok(lines.indexOf("romeo <- subscribed of juliet") < lines.indexOf("juliet: presence to romeo"));
    assert.deepEqual([await state(juliet, romeo), await state(romeo, juliet)], ["from", "to"]);
  });

  test("a withdrawn request: delivered, no push, no unavailable, and answered", async () => {
    await become("none+pending-in");
    await stage.presence(romeo, "unsubscribe", juliet);
    const lines = stage.take();
    assert.ok(lines.includes("juliet: changed romeo:none no-item, interested unsubscribe of romeo"));
    assert.ok(lines.includes("romeo <- unsubscribed of juliet"));
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
      await become(first);
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
      assert.deepEqual([await state(juliet, romeo), await state(romeo, juliet)], ["none", "none"]);
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
    await open({ settings: { "roster.max_items": 1 } });
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

describe("who can be a contact", () => {
  test("the account itself cannot: its subscription stanzas are ignored", async () => {
    await stage.presence(juliet, "subscribe", juliet);
    assert.deepEqual(stage.take(), []);
  });

  test("an account that does not exist is asked in silence, and gets no roster", async () => {
    const nobody = "nobody@x.example" as BareJid;
    await stage.presence(juliet, "subscribe", nobody);
    assert.deepEqual(stage.take(), [
      "nobody <- subscribe of juliet",
      "juliet: changed nobody:none, push nobody:none+ask@1",
    ]);
    assert.equal((await stage.store.load(nobody)).roster.contacts.size, 0);
  });

  test("a request to a domain that is not ours comes back as an error from the contact, and is not noted", async () => {
    const command = stage.command(
      juliet,
      "outbound-subscription",
      presenceStanza(juliet, "subscribe", "tybalt@elsewhere.example", "", "s1"),
    );
    await stage.send(juliet, command);
    assert.deepEqual(stage.take(), ["juliet: answer presence remote-server-not-found"]);
    assert.match(
      stage.answers(juliet).at(-1) ?? "",
      /^<presence from="tybalt@elsewhere.example" to="juliet@x.example" type="error" id="s1">/,
    );
    assert.equal((await stage.store.load(juliet)).roster.contacts.size, 0);
  });

  test("leaving a contact of such a domain holds, with the error", async () => {
    const tybalt = "tybalt@elsewhere.example";
    await stage.admin(juliet, { kind: "import", contacts: { [tybalt]: { subscription: "both" } } });
    await stage.settled();
    stage.take();
    await stage.presence(juliet, "unsubscribe", tybalt);
    assert.deepEqual(stage.take(), [
      `juliet: changed ${tybalt}:from, answer presence remote-server-not-found, push ${tybalt}:from@2`,
    ]);
  });
});

describe("requests", () => {
  test("the first one is kept complete and shown to who comes later; a repetition is not even written", async () => {
    await stage.presence(romeo, "subscribe", juliet, "<status>one</status>");
    const { revision } = (await stage.store.load(juliet)).roster;
    await stage.presence(romeo, "subscribe", juliet, "<status>two</status>");
    assert.equal((await stage.store.load(juliet)).roster.revision, revision);
    const view = await stage.view(juliet);
    assert.equal(view.pendingRequests[0]?.payload, "<status>one</status>");
    assert.deepEqual(view.contacts, []);
  });

  test("a flood is ignored beyond the limit", async () => {
    await open({ settings: { "roster.max_pending_requests": 1 } });
    await stage.presence(romeo, "subscribe", juliet);
    stage.take();
    await stage.presence(nurse, "subscribe", juliet);
    assert.deepEqual(stage.take(), [
      "juliet <- subscribe of nurse",
      "nurse: changed juliet:none, push juliet:none+ask@1",
    ]);
    assert.equal(stage.service.counters.requestsOverLimit, 1);
  });
});

describe("commands that come again", () => {
  test("a roster set is answered and pushed again, with the same version", async () => {
    const command = stage.command(
      juliet,
      "roster-iq",
      rosterIq(juliet, "set", '<item jid="romeo@x.example"/>'),
    );
    await stage.send(juliet, command);
    const first = stage.take();
    await stage.send(juliet, command);
    assert.deepEqual(stage.take(), first);
    assert.equal((await stage.store.load(juliet)).roster.version, 1);
  });

  test("a removal is not refused the second time", async () => {
    await become("both");
    const iq = rosterIq(juliet, "set", '<item jid="romeo@x.example" subscription="remove"/>');
    const command = stage.command(juliet, "roster-iq", iq);
    await stage.send(juliet, command);
    await stage.send(juliet, command);
    await stage.settled();
    const lines = stage.take();
    assert.equal(lines.filter((line) => line.startsWith("juliet: answer iq empty")).length, 2);
    assert.equal(lines.filter((line) => line === "romeo <- unsubscribed of juliet").length, 2);
  });

  test("a subscription stanza is performed again as it was, though the state has changed since", async () => {
    await become("none+pending-in");
    const command = stage.command(
      juliet,
      "outbound-subscription",
      presenceStanza(juliet, "subscribed", romeo),
    );
    await stage.send(juliet, command);
    const first = stage.take();
    await stage.send(juliet, command);
    assert.deepEqual(stage.take(), first);
    assert.deepEqual([await state(juliet, romeo), await state(romeo, juliet)], ["from", "to"]);
  });

  test("one that a later command of the session has followed says nothing", async () => {
    const early = stage.command(
      juliet,
      "roster-iq",
      rosterIq(juliet, "set", '<item jid="romeo@x.example"/>'),
    );
    await stage.send(juliet, early);
    await stage.rosterSet(juliet, '<item jid="romeo@x.example" name="R"/>');
    stage.take();
    await stage.send(juliet, early);
    assert.deepEqual(stage.take(), []);
    assert.equal(contactIn((await stage.store.load(juliet)).roster, romeo).name, "R");
  });

  test("a failure between write and push: the bus brings the command back, and the push is made", async () => {
    let failures = 0;
    await open({
      onPublish: (channel) => {
        if (channel !== channels.presenceCommands.name || failures > 0) return undefined;
        failures += 1;
        return Promise.reject(new BusError("no-owner", "gone for a moment"));
      },
    });
    await stage.rosterSet(juliet, '<item jid="romeo@x.example"/>');
    assert.equal(stage.effects.length, 1);
    assert.equal((await stage.store.load(juliet)).roster.version, 1);
    assert.equal(stage.service.counters.replays, 1);
  });
});

describe("what is owed to a contact", () => {
  test("is sent again by the next life of the service, and the rosters agree", async () => {
    const store = createMemoryRosterStore();
    await open({
      store,
      onPublish: (channel) =>
        channel === channels.inboundSubscriptions.name
          ? Promise.reject(new BusError("gave-up", "the process dies"))
          : undefined,
    });
    await stage.presence(juliet, "subscribe", romeo, "<status>it's me</status>");
    assert.equal(await state(romeo, juliet), "none");
    await open({ store, instanceId: "roster-2" });
    await stage.view(juliet);
    await stage.settled();
    assert.equal(await state(romeo, juliet), "none+pending-in");
    assert.equal((await stage.view(romeo)).pendingRequests[0]?.payload, "<status>it's me</status>");
    await stage.view(juliet);
    await stage.settled();
    assert.equal(stage.service.counters.recovered, 1, "once");
  });

  test("an automatic reply that cannot be handed over is not lost either", async () => {
    const store = createMemoryRosterStore();
    let isBroken = true;
    await open({
      store,
      onPublish: (channel, key) =>
        isBroken && channel === channels.inboundSubscriptions.name && key === romeo
          ? Promise.reject(new BusError("gave-up", "not reached"))
          : undefined,
    });
    await stage.presence(juliet, "subscribed", romeo);
    await stage.presence(romeo, "subscribe", juliet);
    assert.equal(await state(romeo, juliet), "none+pending-out");
    isBroken = false;
    await stage.view(juliet);
    await stage.settled();
    assert.equal(await state(romeo, juliet), "to");
  });

  test("what was handed over is not sent again, and the next write notes it", async () => {
    await stage.presence(juliet, "subscribe", romeo);
    assert.equal((await stage.store.load(juliet)).commands.at(-1)?.confirmed, false);
    stage.take();
    await stage.view(juliet);
    assert.deepEqual(stage.take(), []);
    await stage.rosterSet(juliet, '<item jid="nurse@x.example"/>');
    assert.ok((await stage.store.load(juliet)).commands.every((command) => command.confirmed));
  });

  test("a contact's roster that does not answer holds the session up only for so long", async () => {
    let release = () => {};
    await open({
      settings: { "roster.contact_patience_ms": 10 },
      onPublish: (channel) =>
        channel === channels.inboundSubscriptions.name
          ? new Promise<void>((resolve) => {
              release = resolve;
            })
          : undefined,
    });
    const command = stage.command(
      juliet,
      "outbound-subscription",
      presenceStanza(juliet, "subscribe", romeo),
    );
    await stage.send(juliet, command);
    assert.deepEqual(stage.take(), ["romeo <- subscribe of juliet"]);
    release();
    await stage.settled();
    assert.deepEqual(stage.take().at(-1), "juliet: changed romeo:none, push romeo:none+ask@1");
  });
});

describe("two accounts at the same time", () => {
  test("requests that cross do not wait for each other, and both are subscribed in the end", async () => {
    await Promise.all([
      stage.presence(juliet, "subscribe", romeo),
      stage.presence(romeo, "subscribe", juliet),
      stage.presence(nurse, "subscribe", juliet),
      stage.presence(nurse, "subscribe", romeo),
    ]);
    await Promise.all([
      stage.presence(juliet, "subscribed", romeo),
      stage.presence(romeo, "subscribed", juliet),
    ]);
    assert.deepEqual([await state(juliet, romeo), await state(romeo, juliet)], ["both", "both"]);
  });

  test("pushes leave in the order of their versions, whatever overlaps", async () => {
    const contacts = Array.from({ length: 12 }, (_, i) => `c${i}@x.example`);
    await Promise.all([
      ...contacts.map((contact) => stage.presence(juliet, "subscribe", contact)),
      stage.presence(romeo, "subscribe", juliet),
      ...contacts.map((contact) => stage.rosterSet(juliet, `<item jid="${contact}" name="n"/>`)),
      stage.presence(juliet, "subscribed", romeo),
    ]);
    const versions = stage.effects
      .filter(({ account }) => account === juliet)
      .flatMap(({ message }) => message.effects)
      .filter((effect) => effect.kind === "push-item")
      .map(({ version }) => Number(version));
    assert.equal(versions.length, 25);
    assert.deepEqual(
      versions,
      [...versions].sort((a, b) => a - b),
    );
  });
});

describe("a store that fails", () => {
  function failing(): RosterStore {
    const fail = () => Promise.reject(new StoreUnavailableError("gone"));
    return { load: fail, update: fail, remove: fail };
  }

  test("is a wait error to the session, for iqs and subscriptions", async () => {
    await open({ store: failing() });
    await stage.rosterGet(juliet);
    await stage.presence(juliet, "subscribe", romeo);
    assert.deepEqual(stage.take(), [
      "juliet: answer iq resource-constraint",
      "juliet: answer presence resource-constraint",
    ]);
    assert.match(stage.answers(juliet)[0] ?? "", /<error type="wait">/);
  });
});

describe("what others changed in a store", () => {
  test("is pushed to clients, in its turn, by whoever reads first", async () => {
    const inner = createMemoryRosterStore();
    let edits: { contacts: BareJid[]; since: number } | undefined;
    const store: RosterStore = {
      ...inner,
      update: (owner, decide, seen) =>
        inner.update(owner, decide, (committed) => {
          const told = edits;
          edits = undefined;
          seen?.({ ...committed, edits: told });
        }),
      load: (owner, seen) => store.update(owner, () => ({ changes: [], result: undefined }), seen),
    };
    await open({ store });
    await stage.rosterSet(juliet, '<item jid="romeo@x.example"/>');
    stage.take();
    edits = { contacts: [romeo], since: 0 };
    await stage.rosterGet(juliet);
    assert.deepEqual(stage.take(), [
      "juliet: changed romeo:none, push romeo:none@1",
      "juliet: answer iq roster interested",
    ]);
    edits = { contacts: [romeo], since: 0 };
    assert.deepEqual(await stage.admin(juliet, { kind: "refresh" }), { kind: "refreshed", pushed: 1 });
    assert.deepEqual(await stage.admin(juliet, { kind: "refresh" }), { kind: "refreshed", pushed: 0 });
  });
});

describe("operators", () => {
  test("import adds and replaces the named contacts, pushes them, and leaves the others", async () => {
    await stage.rosterSet(juliet, '<item jid="romeo@x.example" name="R"/>');
    await stage.rosterSet(juliet, '<item jid="nurse@x.example" name="N"/>');
    stage.take();
    const answer = await stage.admin(juliet, {
      kind: "import",
      contacts: {
        "Romeo@X.example": { name: "Romeo", subscription: "both" },
        [nurse]: { name: "N" },
        "peter@x.example": { groups: ["servants"] },
      },
    });
    assert.deepEqual(answer, { kind: "imported", added: 1, changed: 1, unchanged: 1 });
    assert.deepEqual(stage.take(), [
      "juliet: changed romeo:both, changed nurse:none, changed peter:none, push romeo:both@3, push peter:none@4",
    ]);
    const show = await stage.admin(juliet, { kind: "show" });
    assert.equal(show.kind === "roster" && show.version, "4");
    assert.deepEqual(show.kind === "roster" && Object.keys(show.contacts).sort(), [
      nurse,
      "peter@x.example",
      romeo,
    ]);
  });

  test("what is shown can be imported, and changes nothing", async () => {
    await become("from+pending-out");
    const show = await stage.admin(juliet, { kind: "show" });
    assert.equal(show.kind, "roster");
    if (show.kind !== "roster") return;
    assert.deepEqual(await stage.admin(juliet, { kind: "import", contacts: show.contacts }), {
      kind: "imported",
      added: 0,
      changed: 0,
      unchanged: 1,
    });
  });

  test("an import that makes no sense is refused as a whole", async () => {
    for (const key of ["not a jid@", "romeo@x.example/orchard", juliet]) {
      const contacts = { [nurse]: {}, [key]: {} };
      assert.equal((await stage.admin(juliet, { kind: "import", contacts })).kind, "refused");
    }
    assert.equal((await stage.store.load(juliet)).roster.version, 0);
  });

  test("a removed account leaves the rosters of its contacts, presence first, its own last", async () => {
    await become("both");
    await stage.presence(juliet, "subscribe", nurse);
    stage.take();
    assert.deepEqual(await stage.admin(juliet, { kind: "remove-account" }), { kind: "removed", contacts: 2 });
    await stage.settled();
    const lines = stage.take();
    assert.equal(lines[0], "juliet: unavailable to romeo");
    assert.deepEqual(
      lines.filter((line) => line.includes("<-") && !line.startsWith("juliet")),
      ["romeo <- unsubscribe of juliet", "romeo <- unsubscribed of juliet", "nurse <- unsubscribe of juliet"],
    );
    assert.ok(lines.includes("juliet: account-removed"));
    assert.equal(await state(romeo, juliet), "none");
    assert.equal(await state(nurse, juliet), "none");
    assert.equal((await stage.store.load(juliet)).roster.contacts.size, 0);
    assert.deepEqual(await stage.admin(juliet, { kind: "remove-account" }), { kind: "removed", contacts: 0 });
  });
});

describe("views", () => {
  test("a view has contacts, requests and the revision; nobody's is empty", async () => {
    await become("to+pending-in");
    const view = await stage.view(juliet);
    assert.deepEqual(view.contacts, [{ contact: romeo, subscription: "to", inRoster: true }]);
    assert.equal(view.pendingRequests.length, 1);
    assert.equal(view.revision, (await stage.store.load(juliet)).roster.revision);
    assert.equal((await stage.view("nobody@x.example" as BareJid)).exists, false);
  });
});
