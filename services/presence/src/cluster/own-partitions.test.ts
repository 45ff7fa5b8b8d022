import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { channels, partitionOf, type SessionReport } from "@rollcall/contracts";
import type { FullJid } from "@rollcall/xmpp";
import { FakeCluster } from "../testing/fake-cluster.ts";
import { Stage } from "../testing/stage.ts";

const juliet = "juliet@example.com";
const romeo = "romeo@example.net";

async function open(): Promise<{ stage: Stage; cluster: FakeCluster }> {
  const cluster = new FakeCluster();
  return { stage: await Stage.open({ cluster }), cluster };
}

const unavailable = (from: string): RegExp => new RegExp(`<presence from="${from}".* type="unavailable"`);

describe("partitions that are won", () => {
  it("have the sessions that the nodes report, page by page, and nobody is told", async () => {
    const { stage } = await open();
    stage.friends(juliet, romeo);
    const balcony = await stage.online(`${juliet}/balcony`, "<priority>5</priority>");
    const chamber = await stage.online(`${juliet}/chamber`, "", "node-2");
    await chamber.requestRoster();
    const orchard = await stage.online(`${romeo}/orchard`);
    for (const n of [1, 2, 3, 4, 5]) await stage.connect(`nurse${n}@example.com/garden`);
    await stage.settled();
    const before = await stage.bus.request(channels.presenceAdmin, juliet, { kind: "sessions" });
    for (const client of [balcony, chamber, orchard]) client.take();

    await stage.changeOwner(2);
    assert.deepEqual(await stage.bus.request(channels.presenceAdmin, juliet, { kind: "sessions" }), before);
    assert.equal(stage.service.counters.sessions, 8);
    assert.equal(stage.service.counters.availableSessions, 3);
    await stage.settled();
    for (const client of [balcony, chamber, orchard]) assert.deepEqual(client.take(), []);
    assert.equal(stage.service.counters.rostersHeld, 2, "rosters are there again, ahead of need");

    await orchard.chat(juliet, "hi");
    await stage.settled();
    assert.match(balcony.take().join(), /hi/);
    await balcony.unavailable();
    await stage.settled();
    assert.match(orchard.take().join(), unavailable(`${juliet}/balcony`));
  });

  it("tell subscribers also before the roster is there", async () => {
    const { stage } = await open();
    stage.friends(juliet, romeo);
    const balcony = await stage.online(`${juliet}/balcony`);
    const orchard = await stage.online(`${romeo}/orchard`);
    balcony.take();
    let answer = (): void => {};
    stage.rosterDelay = new Promise((resolve) => {
      answer = resolve;
    });
    await stage.changeOwner(2);
    const ended = balcony.end();
    await stage.settled();
    assert.equal(stage.service.counters.sessions, 1, "the resource is free at once");
    assert.deepEqual(orchard.take(), []);
    answer();
    await ended;
    await stage.settled();
    assert.match(orchard.take().join(), unavailable(`${juliet}/balcony`));
  });

  it("number pushes so that no client sees a number twice", async () => {
    const { stage } = await open();
    const balcony = await stage.online(`${juliet}/balcony`);
    await balcony.requestRoster();
    const push = (version: string) =>
      ({ kind: "push-item", item: "<item/>", version, only: undefined }) as const;
    await stage.effects(juliet, 11, push("1"));
    await stage.changeOwner(2);
    await stage.effects(juliet, 12, push("2"));
    await stage.settled();
    const ids = balcony.take().map((xml) => /id="([^"]*)"/.exec(xml)?.[1]);
    assert.equal(ids.length, 2);
    assert.notEqual(ids[0], ids[1]);
  });

  it("keep the later one of two sessions with one full JID, and close the other", async () => {
    const { stage } = await open();
    const early = await stage.connect(`${juliet}/balcony`, "node-1");
    stage.advance(1_000);
    // As if its owner had died before the first session was told.
    const late = await stage.connect(`${juliet}/window`, "node-2");
    const twin = { ...late.report(), jid: early.report().jid };
    late.report = () => twin;
    await stage.changeOwner(2);
    await stage.settled();
    const { sessions } = await stage.bus.request(channels.presenceAdmin, juliet, { kind: "sessions" });
    assert.deepEqual(
      sessions.map(({ node, resource }) => `${node} ${resource}`),
      ["node-2 balcony"],
    );
    assert.deepEqual(early.take(), ["closed: conflict"]);
    assert.deepEqual(late.take(), []);
  });

  it("wait for a node that is slow, and not for one that turns out to be dead", async () => {
    const { stage, cluster } = await open();
    await stage.connect(`${juliet}/balcony`, "node-1");
    await stage.connect(`${romeo}/orchard`, "node-2");
    stage.frozen.set("node-2", new Promise(() => {}));
    let isReady = false;
    const changing = stage.changeOwner(2).then(() => {
      isReady = true;
    });
    await stage.settled();
    assert.equal(isReady, false);
    cluster.bury("node-2");
    await changing;
    assert.equal(stage.service.counters.sessions, 1);
  });

  it("leave alone what a node has in other partitions that died meanwhile and is back", async () => {
    const { stage, cluster } = await open();
    const orchard = await stage.online(`${romeo}/orchard`, "", "node-2");
    const { partitions } = stage.service;
    partitions.lost(partitionOf(juliet));
    let answer = (): void => {};
    stage.frozen.set(
      "node-1",
      new Promise((resolve) => {
        answer = resolve;
      }),
    );
    await stage.connectLate("node-1", "nurse@example.com").catch(() => {});
    const gained = partitions.gained(partitionOf(juliet), 2);
    cluster.bury("node-2");
    await stage.settled();
    const before = stage.service.counters.sessions;
    cluster.join("node-2");
    const back = await stage.online(`${romeo}/garden`, "", "node-2");
    assert.equal(stage.service.counters.sessions, before + 1);
    answer();
    await gained;
    await stage.settled();
    assert.equal(stage.service.counters.sessions, before + 1);
    assert.ok(!back.take().some((xml) => xml.startsWith("closed")));
    orchard.take();
  });

  it("do not wait for a node whose process is not there", async () => {
    const { stage, cluster } = await open();
    await stage.connect(`${juliet}/balcony`, "node-1");
    stage.frozen.set("node-1", new Promise(() => {}));
    cluster.vanish("node-1");
    await stage.changeOwner(2);
    assert.equal(stage.service.counters.sessions, 0);
  });

  it("ask a node that was not heard, but has noted something and is there", async () => {
    const { stage, cluster } = await open();
    const balcony = await stage.online(`${juliet}/balcony`);
    stage.note(balcony);
    cluster.bury("node-1");
    await stage.settled();
    cluster.note("node-1", partitionOf(juliet), []);
    await stage.changeOwner(2);
    assert.equal(stage.service.counters.sessions, 1);
  });

  it("are given up when they are lost meanwhile", async () => {
    const { stage } = await open();
    await stage.connect(`${juliet}/balcony`, "node-1");
    let answer = (): void => {};
    const { partitions } = stage.service;
    partitions.lost(partitionOf(juliet));
    stage.frozen.set(
      "node-1",
      new Promise((resolve) => {
        answer = resolve;
      }),
    );
    const gained = partitions.gained(partitionOf(juliet), 2);
    await stage.settled();
    partitions.lost(partitionOf(juliet));
    await gained;
    answer();
    await stage.settled();
    assert.equal(stage.service.counters.sessions, 0);
    assert.equal(stage.service.counters.partitionsServed, 0);
    await partitions.gained(partitionOf(juliet), 3);
    assert.equal(stage.service.counters.sessions, 1);
    assert.equal(stage.service.counters.partitionsServed, 1);
  });
});

describe("a session whose initial presence is on its way for the second time", () => {
  it("is told who of those that it was told of goes meanwhile", async () => {
    const { stage } = await open();
    stage.friends(juliet, romeo);
    const orchard = await stage.online(`${romeo}/orchard`);
    const chamber = await stage.online(`${juliet}/chamber`);
    const balcony = await stage.connect(`${juliet}/balcony`);
    const reported = balcony.report();
    balcony.report = () => ({ ...reported, becomesAvailable: true });
    await stage.changeOwner(2);
    await stage.settled();
    balcony.take();
    await orchard.end();
    await chamber.end();
    await stage.settled();
    assert.deepEqual(
      balcony.take().map((xml) => / from=['"]([^'"]+)/.exec(xml)?.[1]),
      [orchard.jid, chamber.jid],
    );
    const nurse = await stage.online("nurse@example.com/kitchen");
    await nurse.chat(juliet, "hi");
    await stage.settled();
    assert.deepEqual(balcony.take(), [], "messages wait for its presence");
    await balcony.presence();
    await stage.settled();
    assert.equal(balcony.take().filter((xml) => xml.includes("hi")).length, 1);
  });
});

describe("partitions that are lost", () => {
  it("are forgotten silently, with what was going to be done for them", async () => {
    const { stage, cluster } = await open();
    stage.friends(juliet, romeo);
    const orchard = await stage.online(`${romeo}/orchard`);
    await stage.online(`${juliet}/balcony`, "", "node-2");
    orchard.take();
    cluster.die("node-2");
    stage.service.partitions.lost(partitionOf(juliet));
    await stage.settled();
    assert.deepEqual(orchard.take(), []);
    assert.equal(stage.service.counters.sessions, 1);
    assert.equal(stage.service.counters.rostersHeld, 1);
    assert.equal(stage.service.counters.availableSessions, 1);
  });
});

describe("sessions whose node died with the owner", () => {
  it("are told to be unavailable, once, to subscribers and to whoever got directed presence", async () => {
    const { stage, cluster } = await open();
    stage.friends(juliet, romeo);
    const orchard = await stage.online(`${romeo}/orchard`);
    const friar = await stage.online("friar@example.com/cell");
    const chamber = await stage.online(`${juliet}/chamber`);
    orchard.take();
    const ghost = { session: 99, jid: `${juliet}/balcony` as FullJid, directed: [friar.jid, orchard.jid] };
    cluster.note("node-9", partitionOf(juliet), [ghost]);
    await stage.changeOwner(2);
    await stage.settled();
    for (const client of [orchard, friar, chamber]) {
      const told = client.take().filter((xml) => unavailable(`${juliet}/balcony`).test(xml));
      assert.equal(told.length, 1, client.jid);
    }
    assert.deepEqual(cluster.purged, [`node-9 ${partitionOf(juliet)}`]);
    assert.equal(stage.service.counters.debtsPaid, 1);
    // The next owner may find the note again, if the purge came too late.
    cluster.note("node-9", partitionOf(juliet), [ghost]);
    await stage.changeOwner(3);
    await stage.settled();
    for (const client of [orchard, friar, chamber]) assert.deepEqual(client.take(), []);
  });

  it("are not told of to whoever knows of the session that came after, under the same name", async () => {
    const { stage, cluster } = await open();
    stage.friends(juliet, romeo);
    const orchard = await stage.online(`${romeo}/orchard`);
    await stage.online(`${juliet}/balcony`);
    orchard.take();
    cluster.note("node-9", partitionOf(juliet), [
      { session: 99, jid: `${juliet}/balcony` as FullJid, directed: [] },
    ]);
    await stage.changeOwner(2);
    await stage.settled();
    assert.deepEqual(orchard.take(), []);
    assert.equal(cluster.purged.length, 1);
  });

  it("are told of before the account does anything new", async () => {
    const { stage, cluster } = await open();
    stage.friends(juliet, romeo);
    const orchard = await stage.online(`${romeo}/orchard`);
    const again = await stage.connect(`${juliet}/balcony`);
    orchard.take();
    cluster.note("node-9", partitionOf(juliet), [
      { session: 99, jid: `${juliet}/balcony` as FullJid, directed: [] },
    ]);
    let answer = (): void => {};
    stage.rosterDelay = new Promise((resolve) => {
      answer = resolve;
    });
    await stage.changeOwner(2);
    const shown = again.presence("<show>chat</show>");
    await stage.settled();
    answer();
    await shown;
    await stage.settled();
    const told = orchard.take();
    assert.equal(told.length, 2);
    assert.match(told[0] ?? "", unavailable(`${juliet}/balcony`));
    assert.match(told[1] ?? "", /<show>chat/);
  });

  it("stay noted when nobody could be told, for the next owner", async () => {
    const { stage, cluster } = await open();
    cluster.note("node-9", partitionOf(juliet), [
      { session: 99, jid: `${juliet}/balcony` as FullJid, directed: [] },
    ]);
    cluster.manifestFault = new Error("not there");
    await stage.changeOwner(2);
    await stage.settled();
    assert.deepEqual(cluster.purged, []);
  });
});

describe("a report of a node", () => {
  it("is asked for with the partitions that were won, and their epochs", async () => {
    const { stage } = await open();
    await stage.connect(`${juliet}/balcony`);
    const asked: unknown[] = [];
    const request = stage.repeatingBus.request;
    Object.assign(stage.repeatingBus, {
      request: ((channel, key, question, timeoutMs) => {
        if (channel.name === channels.reportSessions.name) asked.push(question);
        return request(channel, key, question, timeoutMs) as never;
      }) satisfies typeof request,
    });
    await Promise.all([3, 4].map((partition) => stage.service.partitions.gained(partition, partition * 10)));
    assert.deepEqual(asked, [
      {
        owner: "presence-1",
        partitions: [
          { partition: 3, epoch: 30 },
          { partition: 4, epoch: 40 },
        ],
        after: 0,
      },
    ]);
    const nothing: SessionReport = { sessions: [], more: false };
    assert.deepEqual(
      await stage.bus.request(channels.reportSessions, "node-1", { owner: "x", partitions: [], after: 0 }),
      nothing,
    );
  });
});
