import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import {
  befriendIn,
  type ClusterNode,
  needs,
  onlineAt,
  type RunningCluster,
  startCluster,
} from "@rollcall/testkit";

/** Longer than a node may be silent, shorter than it takes until connections are given up. */
const STALL_MS = 7_000;

describe("NATS stands still with every connection open", needs("nats-server"), () => {
  let cluster: RunningCluster;
  before(async () => {
    cluster = await startCluster();
    await befriendIn(cluster, "romeo", "juliet");
  });
  after(() => cluster.stop());

  test("nobody is taken for dead, and everything goes on", async () => {
    const [first, second] = cluster.nodes as [ClusterNode, ClusterNode];
    const romeo = await onlineAt(cluster, first, "romeo");
    const juliet = await onlineAt(cluster, second, "juliet");
    await romeo.settled(["juliet@localhost"]);
    romeo.wire.takeAll();
    cluster.nats.freeze();
    await new Promise((resolve) => setTimeout(resolve, STALL_MS));
    cluster.nats.thaw();
    romeo.send(`<message to="${juliet.full}" type="chat"><body>still there?</body></message>`);
    await juliet.receive("message", { from: romeo.full });
    juliet.send("<presence><show>away</show></presence>");
    await romeo.receive("presence", { from: juliet.full, type: undefined });
    assert.deepEqual(
      romeo.wire.takeAll().filter((stanza) => stanza.type === "unavailable"),
      [],
    );
    for (const client of [romeo, juliet]) client.cut();
  });
});
