import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { StoreUnavailableError } from "@rollcall/accounts";
import { BusError } from "@rollcall/bus";
import { channels } from "@rollcall/contracts";
import { contactIn } from "@rollcall/rfc6121";
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
    await stage.become("both");
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
    await stage.become("none+pending-in");
    const command = stage.command(
      juliet,
      "outbound-subscription",
      presenceStanza(juliet, "subscribed", romeo),
    );
    await stage.send(juliet, command);
    const first = stage.take();
    await stage.send(juliet, command);
    assert.deepEqual(
      stage.take(),
      // The contact's owner knows that it has told the sessions.
      first.filter((line) => !line.startsWith("romeo: ")),
    );
    assert.deepEqual([await stage.state(juliet, romeo), await stage.state(romeo, juliet)], ["from", "to"]);
  });

  test("a request that was answered meanwhile is not delivered again", async () => {
    const request = { id: { origin: "n", session: 9, sequence: 1 }, at: 1 };
    const inbound = { ...request, stanza: presenceStanza(romeo, "subscribe", juliet) };
    const receive = (): Promise<void> => stage.bus.publish(channels.inboundSubscriptions, juliet, inbound);
    await receive();
    assert.ok(stage.take().some((line) => line.includes("available subscribe of romeo")));
    await receive();
    assert.ok(!stage.take().some((line) => line.includes("available subscribe of romeo")), "performed here");
    const { store } = stage;
    await open({ store, instanceId: "roster-2" });
    await receive();
    assert.ok(
      stage.take().some((line) => line.includes("available subscribe of romeo")),
      "who knows",
    );
    await stage.presence(juliet, "subscribed", romeo);
    await stage.settled();
    await open({ store, instanceId: "roster-3" });
    await receive();
    await stage.settled();
    assert.ok(!stage.take().some((line) => line.includes("available subscribe of romeo")));
  });

  test("their pushes say that they may have been made before", async () => {
    const iq = rosterIq(juliet, "set", '<item jid="romeo@x.example"/>');
    const command = stage.command(juliet, "roster-iq", iq);
    await stage.send(juliet, command);
    await stage.send(juliet, command);
    const pushes = stage.effects
      .flatMap(({ message }) => message.effects)
      .filter((effect) => effect.kind === "push-item");
    assert.deepEqual(
      pushes.map(({ version, again }) => [version, again]),
      [
        ["1", undefined],
        ["1", true],
      ],
    );
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
    assert.equal(await stage.state(romeo, juliet), "none");
    await open({ store, instanceId: "roster-2" });
    await stage.view(juliet);
    await stage.settled();
    assert.equal(await stage.state(romeo, juliet), "none+pending-in");
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
    assert.equal(await stage.state(romeo, juliet), "none+pending-out");
    isBroken = false;
    await stage.view(juliet);
    await stage.settled();
    assert.equal(await stage.state(romeo, juliet), "to");
  });

  test("stays owed while the session that owes it goes on", async () => {
    let isBroken = true;
    await open({
      onPublish: (channel, key) =>
        isBroken && channel === channels.inboundSubscriptions.name && key === romeo
          ? Promise.reject(new BusError("gave-up", "not reached"))
          : undefined,
    });
    await stage.presence(juliet, "subscribe", romeo);
    await stage.presence(juliet, "subscribe", nurse);
    assert.equal(await stage.state(romeo, juliet), "none");
    isBroken = false;
    await stage.rosterSet(juliet, '<item jid="friar@x.example"/>');
    await stage.settled();
    assert.equal(await stage.state(romeo, juliet), "none+pending-in");
    assert.equal(stage.service.counters.recovered > 0, true);
  });

  test("nothing is sent again after an end in good order", async () => {
    const store = createMemoryRosterStore();
    await open({ store });
    await stage.presence(juliet, "subscribed", romeo);
    await stage.presence(romeo, "subscribe", juliet);
    await stage.presence(romeo, "unsubscribe", juliet);
    await stage.presence(romeo, "subscribe", nurse);
    await stage.close();
    await open({ store, instanceId: "roster-2" });
    for (const owner of [juliet, romeo, nurse]) await stage.view(owner);
    await stage.settled();
    assert.deepEqual(stage.take(), []);
    assert.equal(stage.service.counters.recovered, 0);
  });

  test("an automatic reply of an account that changed nothing is not lost with the service", async () => {
    const store = createMemoryRosterStore();
    await open({
      store,
      onPublish: (channel, key) =>
        channel === channels.inboundSubscriptions.name && key === romeo
          ? Promise.reject(new BusError("gave-up", "the process dies"))
          : undefined,
    });
    await stage.become("from");
    await store.update(romeo, () => ({ changes: [{ kind: "remove", jid: juliet }], result: undefined }));
    await stage.presence(romeo, "subscribe", juliet);
    assert.equal(await stage.state(romeo, juliet), "none+pending-out");
    await open({ store, instanceId: "roster-2" });
    await stage.view(juliet);
    await stage.settled();
    assert.equal(await stage.state(romeo, juliet), "to");
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
    assert.deepEqual([await stage.state(juliet, romeo), await stage.state(romeo, juliet)], ["both", "both"]);
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
    return { load: fail, update: fail, remove: fail, forget: () => {} };
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
      "juliet: changed romeo:both, changed peter:none, push romeo:both@3, push peter:none@4",
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
    await stage.become("from+pending-out");
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

  test("an imported request is nothing that clients see, beside an item or without one", async () => {
    await stage.rosterSet(juliet, '<item jid="nurse@x.example" name="N"/>');
    stage.take();
    const pending_requests = { subscribe: {} };
    const contacts = { [nurse]: { pending_requests }, [romeo]: { in_roster: false, pending_requests } };
    assert.deepEqual(await stage.admin(juliet, { kind: "import", contacts }), {
      kind: "imported",
      added: 1,
      changed: 1,
      unchanged: 0,
    });
    assert.deepEqual(stage.take(), [
      "juliet: changed nurse:none request, changed romeo:none no-item request",
    ]);
    const show = await stage.admin(juliet, { kind: "show" });
    assert.equal(show.kind === "roster" && show.version, "1");
    assert.deepEqual(await stage.admin(juliet, { kind: "import", contacts }), {
      kind: "imported",
      added: 0,
      changed: 0,
      unchanged: 2,
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
    await stage.become("both");
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
    assert.equal(await stage.state(romeo, juliet), "none");
    assert.equal(await stage.state(nurse, juliet), "none");
    assert.equal((await stage.store.load(juliet)).roster.contacts.size, 0);
    assert.deepEqual(await stage.admin(juliet, { kind: "remove-account" }), { kind: "removed", contacts: 0 });
  });

  test("has no roster made by commands that waited meanwhile", async () => {
    const ghost = "ghost@x.example" as BareJid;
    const set = rosterIq(ghost, "set", `<item jid="${romeo}"/>`);
    const request = presenceStanza(ghost, "subscribe", romeo);
    await stage.send(ghost, stage.command(juliet, "roster-iq", set));
    await stage.send(ghost, stage.command(juliet, "outbound-subscription", request));
    assert.equal((await stage.store.load(ghost)).roster.version, 0);
    assert.deepEqual(stage.take(), []);
  });
});

describe("views", () => {
  test("a view has contacts, requests and the revision; nobody's is empty", async () => {
    await stage.become("to+pending-in");
    const view = await stage.view(juliet);
    assert.deepEqual(view.contacts, [{ contact: romeo, subscription: "to", inRoster: true }]);
    assert.equal(view.pendingRequests.length, 1);
    assert.equal(view.revision, (await stage.store.load(juliet)).roster.revision);
    assert.equal((await stage.view("nobody@x.example" as BareJid)).exists, false);
  });
});
