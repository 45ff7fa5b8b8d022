import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { channels } from "@rollcall/contracts";
import { type BareJid, makeStanza } from "@rollcall/xmpp";
import { Stage } from "../testing/stage.ts";

const juliet = "juliet@example.com" as BareJid;
const romeo = "romeo@example.net";

describe("binding a resource", () => {
  it("gives the resource that was asked for, or a generated one", async () => {
    const stage = await Stage.open();
    assert.equal((await stage.connect(`${juliet}/balcony`)).jid, `${juliet}/balcony`);
    const answer = await stage.bus.request(channels.bind, juliet, {
      account: juliet,
      session: { node: "node-1", session: 77 },
      requested: undefined,
      generated: "g77",
      at: 0,
    });
    assert.deepEqual(answer, { kind: "bound", resource: "g77" });
  });

  it("refuses the session of an account that was removed after the login", async () => {
    const stage = await Stage.open();
    const answer = await stage.bus.request(channels.bind, juliet, {
      account: juliet,
      session: { node: "node-1", session: 7 },
      requested: "balcony",
      generated: "g7",
      at: 0,
    });
    assert.deepEqual(answer, { kind: "refused", condition: "not-allowed" });
    assert.equal(stage.service.counters.sessions, 0);
  });

  it("gives the same answer to the same question", async () => {
    const stage = await Stage.open({ accounts: [juliet] });
    const question = {
      account: juliet,
      session: { node: "node-1", session: 5 },
      requested: "balcony",
      generated: "g5",
      at: 0,
    };
    const first = await stage.bus.request(channels.bind, juliet, question);
    assert.deepEqual(await stage.bus.request(channels.bind, juliet, question), first);
    assert.equal(stage.service.counters.sessions, 1);
  });

  it("gives another resource where the one asked for is in use", async () => {
    const stage = await Stage.open();
    await stage.connect(`${juliet}/balcony`);
    assert.equal((await stage.connect(`${juliet}/balcony`)).jid, `${juliet}/generated-2`);
  });

  it("refuses a resource in use where the operator says so", async () => {
    const stage = await Stage.open({ settings: { "presence.resource_conflict": "refuse" } });
    await stage.connect(`${juliet}/balcony`);
    await assert.rejects(stage.connect(`${juliet}/balcony`), /conflict/);
  });

  it("closes the older session where the operator says so, and its contacts see it leave before the new one comes", async () => {
    const stage = await Stage.open({ settings: { "presence.resource_conflict": "replace" } });
    stage.friends(juliet, romeo);
    const orchard = await stage.online(`${romeo}/orchard`);
    const older = await stage.online(`${juliet}/balcony`);
    orchard.take();
    const newer = await stage.connect(`${juliet}/balcony`, "node-2");
    assert.equal(newer.jid, `${juliet}/balcony`);
    await newer.presence();
    await older.presence("<show>dnd</show>");
    await older.end();
    await stage.settled();
    // Had its node missed the end, it would learn of it now.
    assert.deepEqual(older.take(), ["closed: conflict", "closed: reset"]);
    assert.deepEqual(orchard.take(), [
      `<presence from="${juliet}/balcony" to="${romeo}" type="unavailable"/>`,
      `<presence from="${juliet}/balcony" to="${romeo}"/>`,
    ]);
  });

  it("does not bind a session whose node gave up while it was bound", async () => {
    const stage = await Stage.open();
    await stage.addAccount(juliet);
    const session = { node: "node-1", session: 77 };
    await stage.bus.publish(channels.presenceCommands, juliet, {
      kind: "end-session",
      session,
      at: stage.now,
    });
    const question = {
      account: juliet as BareJid,
      session,
      requested: "balcony",
      generated: "g",
      at: stage.now,
    };
    const answer = await stage.bus.request(channels.bind, juliet, question);
    assert.deepEqual(answer, { kind: "refused", condition: "resource-constraint" });
    assert.equal(stage.service.counters.sessions, 0);
  });

  it("gives the resource of a session that is known to be gone to whoever asks for it", async () => {
    const stage = await Stage.open();
    const dead = await stage.online(`${juliet}/balcony`);
    const orchard = await stage.online(`${romeo}/orchard`);
    await orchard.chat(`${juliet}/balcony`, "hi");
    await stage.deliver(
      makeStanza("message", { type: "headline", to: dead.jid, from: orchard.jid }),
      dead.session,
    );
    const next = await stage.connect(`${juliet}/balcony`);
    assert.equal(next.jid, `${juliet}/balcony`);
  });

  it("stops at the limit of resources", async () => {
    const stage = await Stage.open({ settings: { "presence.resources_per_account": 2 } });
    const first = await stage.connect(`${juliet}/one`);
    await stage.connect(`${juliet}/two`);
    await assert.rejects(stage.connect(`${juliet}/three`), /resource-constraint/);
    await first.end();
    assert.equal((await stage.connect(`${juliet}/three`)).jid, `${juliet}/three`);
  });
});

describe("an operator", () => {
  it("sees the sessions of an account, and ends them", async () => {
    const stage = await Stage.open();
    stage.friends(juliet, romeo);
    const orchard = await stage.online(`${romeo}/orchard`);
    const balcony = await stage.online(`${juliet}/balcony`, "<priority>3</priority>");
    orchard.take();
    const { sessions } = await stage.bus.request(channels.presenceAdmin, juliet, { kind: "sessions" });
    assert.deepEqual(sessions, [
      {
        node: "node-1",
        resource: "balcony",
        available: true,
        interested: false,
        priority: 3,
        presenceAt: 1_700_000_000_000,
      },
    ]);
    await stage.bus.request(channels.presenceAdmin, juliet, { kind: "end-sessions" });
    await stage.settled();
    assert.deepEqual(balcony.take(), ["closed: policy-violation"]);
    assert.match(orchard.take()[0] ?? "", /type="unavailable"/);
    const after = await stage.bus.request(channels.presenceAdmin, juliet, { kind: "sessions" });
    assert.deepEqual(after.sessions, []);
  });
});
