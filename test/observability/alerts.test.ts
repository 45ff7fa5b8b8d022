/** What alerts look at is so when harm is done: the numbers, from a real cluster, as their expressions expect them. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import {
  befriendIn,
  eventually,
  needs,
  onlineAt,
  type RunningCluster,
  startCluster,
} from "@rollcall/testkit";

describe("a cluster that is harmed", needs("nats-server"), () => {
  let cluster: RunningCluster;
  before(async () => {
    cluster = await startCluster({ counts: { connection: 2, roster: 1, presence: 1 } });
  });
  after(() => cluster?.stop());

  /** The value of a sample of a process, by its beginning; `undefined` where it is not shown. */
  async function sample(process: string, beginning: string): Promise<number | undefined> {
    const { url = "" } = cluster.http.find(({ name }) => name === process) ?? {};
    const text = await (await fetch(`${url}/metrics`)).text();
    const line = text.split("\n").find((each) => each.startsWith(`${beginning} `));
    return line === undefined ? undefined : Number(line.slice(beginning.length + 1));
  }

  const sees = (process: string, beginning: string, is: (value: number) => boolean): Promise<void> =>
    eventually(`${process} shows ${beginning} as it should be`, async () => {
      const value = await sample(process, beginning);
      return value !== undefined && is(value);
    });

  test("nothing is wrong before", async () => {
    await cluster.settled();
    for (const process of ["connection-1", "roster-1", "presence-1"]) {
      await sees(process, "rollcall_nats_connected", (value) => value === 1);
      await sees(process, "rollcall_process_draining_seconds", (value) => value === 0);
    }
    await sees("connection-1", 'rollcall_ownership_unowned{service="roster"}', (value) => value === 0);
    await sees("presence-1", 'rollcall_presence_partitions{state="rebuilding"}', (value) => value === 0);
    // 80 % of 15 s, less what has passed since the last renewal.
    await sees(
      "presence-1",
      'rollcall_ownership_lease_left_seconds{service="presence"}',
      (value) => value > 6,
    );
  });

  test("RollcallConnectionNodeLost: sessions end with their node", async () => {
    const [, node] = cluster.nodes;
    assert.ok(node);
    await befriendIn(cluster, "juliet", "romeo");
    await onlineAt(cluster, node, "juliet");
    assert.equal(await sample("presence-1", "rollcall_presence_sessions_ended_with_node_total"), 0);
    await node.process.kill();
    await sees("presence-1", "rollcall_presence_sessions_ended_with_node_total", (value) => value === 1);
  });

  test("RollcallPartitionsUnowned: only owners say what they own, not the leases of one that was killed", async () => {
    await sees("roster-1", 'rollcall_ownership_partitions{service="roster"}', (value) => value === 256);
    await sees("presence-1", 'rollcall_ownership_partitions{service="presence"}', (value) => value === 256);
    // By this the rule knows which services there have to be.
    for (const service of ["roster", "presence"])
      await sees("connection-1", `rollcall_ownership_unowned{service="${service}"}`, (value) => value === 0);
  });

  test("RollcallNatsUnreachable: NATS is gone", async () => {
    await cluster.nats.kill();
    for (const process of ["connection-1", "presence-1"])
      await sees(process, "rollcall_nats_connected", (value) => value === 0);
  });
});
