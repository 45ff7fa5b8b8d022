import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { join } from "node:path";
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

describe("NATS is away", needs("nats-server"), () => {
  let cluster: RunningCluster;
  before(async () => {
    cluster = await startCluster({ env: { ROLLCALL_OWNERSHIP_LEASE_MS: "6000" } });
    await befriendIn(cluster, "romeo", "juliet");
  });
  after(() => cluster.stop());

  const unavailable = (of: string) => (stanza: XmlNode) =>
    stanza.name === "presence" && stanza.type === "unavailable" && stanza.from === of;

  for (const [what, awayMs] of [
    ["for a moment", 2_000],
    ["longer than a lease lasts", 14_000],
  ] as const) {
    test(`${what}: who leaves meanwhile is unavailable afterwards, once, and who stays is not`, async () => {
      const [first, second] = cluster.nodes as [ClusterNode, ClusterNode];
      const romeo = await onlineAt(cluster, first, "romeo");
      const juliet = await onlineAt(cluster, second, "juliet");
      const elsewhere = await onlineAt(cluster, first, "juliet", "elsewhere");
      romeo.wire.takeAll();
      const harm = await cluster.faults.stopNats();
      await juliet.close();
      // How long it lasts is what this is about.
      await new Promise((resolve) => setTimeout(resolve, awayMs));
      await harm.undo();
      await eventually("she is unavailable", () => romeo.wire.inbox.some(unavailable(juliet.full)), 40_000);
      await romeo.wire.take(unavailable(juliet.full));
      await cluster.settled();
      await romeo.settled(["juliet@localhost"]);
      assert.deepEqual(
        romeo.wire
          .takeAll()
          .filter((stanza) => stanza.name === "presence")
          .map(String),
        [],
      );
      elsewhere.send("<presence><show>away</show></presence>");
      await romeo.receive("presence", { from: elsewhere.full });
      for (const client of [romeo, elsewhere]) client.cut();
    });
  }

  test("and comes back without its data: everybody stays connected, and is served again", async () => {
    const [first, second] = cluster.nodes as [ClusterNode, ClusterNode];
    const romeo = await onlineAt(cluster, first, "romeo");
    const juliet = await onlineAt(cluster, second, "juliet");
    romeo.wire.takeAll();
    const harm = await cluster.faults.stopNats();
    rmSync(join(cluster.folder, "data", "nats"), { recursive: true });
    await harm.undo();
    await eventually(
      "her change is seen",
      async () => {
        juliet.send("<presence><show>away</show></presence>");
        await cluster.settled();
        return romeo.wire.inbox.some(({ name, from }) => name === "presence" && from === juliet.full);
      },
      60_000,
    );
    assert.deepEqual(romeo.wire.takeAll().filter(unavailable(juliet.full)).map(String), []);
    for (const client of [romeo, juliet]) client.cut();
  });
});
