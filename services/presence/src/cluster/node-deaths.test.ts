import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { channels, partitionOf } from "@rollcall/contracts";
import { FakeCluster } from "../testing/fake-cluster.ts";
import { Stage } from "../testing/stage.ts";

const juliet = "juliet@example.com";
const romeo = "romeo@example.net";

async function open(settings = {}): Promise<{ stage: Stage; cluster: FakeCluster }> {
  const cluster = new FakeCluster();
  return { stage: await Stage.open({ cluster, settings }), cluster };
}

const isUnavailable = (xml: string): boolean => xml.includes('type="unavailable"');

describe("a node that is dead", () => {
  it("takes its sessions with it, each told once, and what it noted is removed after that", async () => {
    const { stage, cluster } = await open();
    stage.friends(juliet, romeo);
    await stage.changeOwner(1);
    const orchard = await stage.online(`${romeo}/orchard`);
    const balcony = await stage.online(`${juliet}/balcony`, "", "node-2");
    await balcony.directed("friar@example.com/cell");
    const friar = await stage.online("friar@example.com/cell");
    orchard.take();
    stage.note(balcony, "friar@example.com/cell");
    cluster.die("node-2");
    // The node's own word, or that of an owner before, comes late.
    await balcony.end();
    await stage.settled();
    assert.equal(orchard.take().filter(isUnavailable).length, 1);
    assert.equal(friar.take().filter(isUnavailable).length, 1);
    assert.equal(stage.service.counters.sessions, 2);
    assert.deepEqual(cluster.purged, [`node-2 ${partitionOf(juliet)}`]);
  });

  it("is told of at a rate, but its resources are free at once", async () => {
    const { stage, cluster } = await open({ "presence.node_death_rate": 20 });
    await stage.changeOwner(1);
    for (const n of [1, 2, 3]) await stage.online(`nurse${n}@example.com/garden`, "", "node-2");
    cluster.die("node-2");
    const before = stage.now;
    const again = await stage.connect("nurse3@example.com/garden");
    assert.equal(again.jid, "nurse3@example.com/garden");
    while (stage.service.counters.sessions > 1) await stage.settled();
    assert.ok(stage.now - before >= 100, "one in 50 ms");
  });

  it("pays first for an account that does something new", async () => {
    const { stage, cluster } = await open({ "presence.node_death_rate": 1 });
    await stage.changeOwner(1);
    stage.friends(juliet, romeo);
    const orchard = await stage.online(`${romeo}/orchard`);
    for (const n of [1, 2, 3]) await stage.online(`nurse${n}@example.com/garden`, "", "node-2");
    await stage.online(`${juliet}/balcony`, "", "node-2");
    orchard.take();
    cluster.die("node-2");
    const again = await stage.connect(`${juliet}/chamber`);
    await again.presence("<show>chat</show>");
    await stage.settled();
    const told = orchard.take();
    assert.equal(told.filter(isUnavailable).length, 1);
    assert.ok(isUnavailable(told[0] ?? ""));
  });

  it("gets nothing any more, and nobody waits for it", async () => {
    const { stage, cluster } = await open();
    await stage.changeOwner(1);
    const orchard = await stage.online(`${romeo}/orchard`);
    const balcony = await stage.online(`${juliet}/balcony`, "", "node-2");
    stage.frozen.set("node-2", new Promise(() => {}));
    const sent = orchard.chat(`${juliet}/balcony`, "hi");
    await stage.settled();
    cluster.bury("node-2");
    await sent;
    await orchard.chat(`${juliet}/balcony`, "are you there?");
    assert.deepEqual(balcony.take(), []);
  });

  it("binds nothing with a question that comes late, until it is heard again", async () => {
    const { stage, cluster } = await open();
    await stage.connect(`${juliet}/balcony`, "node-2");
    cluster.bury("node-2");
    await assert.rejects(
      stage.connect(`${juliet}/window`, "node-3").then(() => stage.connectLate("node-2", juliet)),
      {
        message: "resource-constraint",
      },
    );
    cluster.join("node-2");
    await stage.connectLate("node-2", juliet);
  });
});

describe("a resource in use", () => {
  it("is free when the node of its session is not there, before that is noticed", async () => {
    const { stage, cluster } = await open();
    await stage.connect(`${juliet}/balcony`, "node-2");
    cluster.vanish("node-2");
    assert.equal((await stage.connect(`${juliet}/balcony`)).jid, `${juliet}/balcony`);
    assert.equal(stage.service.counters.sessions, 1);
  });

  it("is not free while the node is there", async () => {
    const { stage } = await open();
    await stage.connect(`${juliet}/balcony`, "node-2");
    assert.notEqual((await stage.connect(`${juliet}/balcony`)).jid, `${juliet}/balcony`);
  });
});

describe("a node that was away", () => {
  it("learns which of its sessions are not known here any more", async () => {
    const { stage, cluster } = await open({ "presence.node_death_rate": 1 });
    await stage.changeOwner(1);
    const here = await stage.connect(`${juliet}/balcony`, "node-2");
    const ask = (...sessions: number[]) =>
      stage.bus.request(channels.knownSessions, juliet, { node: "node-2", sessions });
    const handle = here.session.session;
    assert.deepEqual(await ask(handle, 77), { unknown: [77] });
    await stage.settled();
    cluster.bury("node-2");
    assert.deepEqual(await ask(handle), { unknown: [handle] }, "it is going to be ended");
  });
});
