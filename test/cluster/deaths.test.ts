/** What everybody else sees when processes of a cluster die, stand still or are replaced. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import {
  befriendIn,
  type ClusterNode,
  eventually,
  needs,
  onlineAt,
  type RunningCluster,
  startCluster,
  type XmlNode,
} from "@rollcall/testkit";

/** A node may be silent for 5 s; what follows takes a moment. */
const toldMs = 10_000;
const notedMs = 1_500;

describe("in a cluster", needs("nats-server"), () => {
  let cluster: RunningCluster;
  let people = 0;
  before(async () => {
    cluster = await startCluster();
  });
  after(() => cluster.stop());

  /** Two fresh people, subscribed to each other. */
  async function pair(): Promise<readonly [romeo: string, juliet: string]> {
    people += 1;
    const names = [`romeo-${people}`, `juliet-${people}`] as const;
    await befriendIn(cluster, ...names);
    return names;
  }
  const node = (index: number): ClusterNode => cluster.nodes[index] as ClusterNode;
  const presenceOf = (stanzas: readonly XmlNode[], jid: string): (string | undefined)[] =>
    stanzas.filter(({ name, from }) => name === "presence" && from === jid).map(({ type }) => type);

  for (const [what, harm] of [
    ["killed", () => cluster.faults.killNode(1)],
    ["killed together with a presence instance", () => cluster.faults.killNodeAndPresence(1, 0)],
  ] as const) {
    test(`a connection node that is ${what} is told once to contacts, and its resources are free at once`, async (t) => {
      const [one, other] = await pair();
      const romeo = await onlineAt(cluster, node(0), one);
      const juliet = await onlineAt(cluster, node(1), other);
      await romeo.receive("presence", { from: juliet.full, type: undefined });
      romeo.wire.takeAll();
      // What a session owes is noted a quarter of a second later; whoever dies earlier, together with the owner, leaves
      // nothing behind (docs/reliability.md, known limits).
      await new Promise((resolve) => setTimeout(resolve, notedMs));
      const { undo } = await harm();
      t.after(undo);
      const again = await onlineAt(cluster, node(0), other);
      assert.equal(again.full, juliet.full, "the resource is free");
      await eventually(
        "the old session is gone and the new one is there",
        () => presenceOf(romeo.wire.inbox, juliet.full).length >= 2,
        toldMs,
      );
      await undo();
      await cluster.settled();
      await romeo.settled([`${other}@localhost`]);
      assert.deepEqual(presenceOf(romeo.wire.takeAll(), juliet.full), ["unavailable", undefined]);
      for (const client of [romeo, again]) client.cut();
    });
  }

  test("a node that stands still is dead to everybody, and its sessions end when it wakes", async (t) => {
    const [one, other] = await pair();
    const romeo = await onlineAt(cluster, node(0), one);
    const juliet = await onlineAt(cluster, node(1), other);
    await romeo.receive("presence", { from: juliet.full, type: undefined });
    romeo.wire.takeAll();
    const { undo } = await cluster.faults.freeze(node(1).process);
    t.after(undo);
    await eventually(
      "she is unavailable",
      () => presenceOf(romeo.wire.inbox, juliet.full).length > 0,
      toldMs,
    );
    romeo.send(`<message to='${juliet.full}' type='chat' id='late'><body>Still there?</body></message>`);
    await undo();
    await juliet.wire.gone();
    await cluster.settled();
    const again = await onlineAt(cluster, node(1), other);
    await romeo.receive("presence", { from: again.full, type: undefined });
    await romeo.settled([`${other}@localhost`]);
    assert.deepEqual(presenceOf(romeo.wire.takeAll(), juliet.full), ["unavailable"]);
    for (const client of [romeo, again]) client.cut();
  });

  for (const [what, harm] of [
    ["roster", (which: number) => cluster.faults.killRoster(which)],
    ["presence", (which: number) => cluster.faults.killPresence(which)],
  ] as const) {
    test(`${what} instances that die disconnect nobody, and lose nothing that was acknowledged`, async () => {
      const [one, other] = await pair();
      const romeo = await onlineAt(cluster, node(0), one);
      const juliet = await onlineAt(cluster, node(1), other);
      await romeo.receive("presence", { from: juliet.full, type: undefined });
      romeo.wire.takeAll();
      juliet.wire.takeAll();
      const names: string[] = [];
      for (const which of [0, 1]) {
        const harming = harm(which);
        for (let n = 0; n < 20; n += 1) {
          const name = `name ${names.length}`;
          const answer = await juliet.request(
            "set",
            `<query xmlns='jabber:iq:roster'><item jid='nurse@localhost' name='${name}'/></query>`,
          );
          assert.equal(answer.type, "result");
          names.push(name);
          juliet.send(`<message to='${one}@localhost' type='chat' id='${name}'/>`);
          juliet.send(`<presence><status>${name}</status></presence>`);
        }
        await (await harming).undo();
        await cluster.settled();
      }
      await juliet.settled([`${one}@localhost`]);
      await romeo.settled([`${other}@localhost`]);
      const seen = romeo.wire.takeAll();
      assert.deepEqual(
        seen.filter(({ name }) => name === "message").map(({ id }) => id),
        names,
      );
      assert.deepEqual(
        seen
          .filter(({ name, from }) => name === "presence" && from === juliet.full)
          .map((one) => one.childText("status")),
        names,
      );
      const pushes = juliet.wire
        .takeAll()
        .map((stanza) => stanza.child("query")?.child("item")?.attributes.name)
        .filter((name) => name !== undefined);
      assert.deepEqual(pushes, names);
      for (const client of [romeo, juliet]) client.cut();
    });
  }

  test("a restart of everything, one after the other, loses nothing", async () => {
    const [one, other] = await pair();
    const romeo = await onlineAt(cluster, node(0), one);
    await romeo.request(
      "set",
      "<query xmlns='jabber:iq:roster'><item jid='nurse@localhost' name='Nurse'/></query>",
    );
    await cluster.faults.rollingRestart();
    await romeo.wire.gone();
    const again = await onlineAt(cluster, node(0), one);
    const juliet = await onlineAt(cluster, node(1), other);
    await again.receive("presence", { from: juliet.full, type: undefined });
    const items = (await again.roster()).child("query")?.elements() ?? [];
    assert.equal(items.find((item) => item.attributes.jid === "nurse@localhost")?.attributes.name, "Nurse");
    for (const client of [again, juliet]) client.cut();
  });
});
