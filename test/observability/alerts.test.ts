/**
 * What alerts look at is so when harm is done: the numbers that their expressions read, from a real cluster. That the
 * expressions make an alert of them is tested by deploy/observability/prometheus/tests.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import {
  befriendIn,
  eventually,
  needs,
  onlineAt,
  type RunningCluster,
  startCluster,
  type XmppClient,
} from "@rollcall/testkit";

describe("a cluster that is harmed", needs("nats-server"), () => {
  let cluster: RunningCluster;
  let juliet: XmppClient;
  before(async () => {
    const env = { ROLLCALL_OWNERSHIP_LEASE_MS: "3000" };
    cluster = await startCluster({ counts: { connection: 2, roster: 1, presence: 2 }, env });
    await befriendIn(cluster, "juliet", "romeo");
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

  const node = (which: number) => {
    const found = cluster.nodes[which];
    assert.ok(found);
    return found;
  };

  test("nothing is wrong before", async () => {
    await cluster.settled();
    for (const process of ["connection-1", "roster-1", "presence-1"]) {
      await sees(process, "rollcall_nats_connected", (value) => value === 1);
      await sees(process, "rollcall_process_draining_seconds", (value) => value === 0);
    }
    await sees("presence-1", 'rollcall_presence_partitions{state="rebuilding"}', (value) => value === 0);
    await sees(
      "presence-1",
      'rollcall_ownership_moves_total{service="presence",change="lost"}',
      (value) => value === 0,
    );
    await sees(
      "connection-1",
      "rollcall_tls_certificate_expiry_timestamp_seconds",
      (value) => value > Date.now() / 1_000,
    );
    juliet = await onlineAt(cluster, node(0), "juliet");
  });

  test("RollcallPartitionsUnowned: owners say what they own, and others which services there are", async () => {
    await sees("roster-1", 'rollcall_ownership_partitions{service="roster"}', (value) => value === 256);
    for (const service of ["roster", "presence"])
      await sees("connection-1", `rollcall_ownership_unowned{service="${service}"}`, (value) => value === 0);
  });

  test("RollcallConnectionNodeLost: sessions end with their node", async () => {
    await onlineAt(cluster, node(1), "romeo");
    await node(1).process.kill();
    const ended = async (): Promise<number> => {
      const all = ["presence-1", "presence-2"].map((process) =>
        sample(process, "rollcall_presence_sessions_ended_with_node_total"),
      );
      return (await Promise.all(all)).reduce<number>((sum, each) => sum + (each ?? 0), 0);
    };
    await eventually("the owner has ended the session", async () => (await ended()) === 1);
  });

  test("RollcallRiakFailing, RollcallStanzasFailing, RollcallLoginsFailing: the store is away", async () => {
    const { undo } = await cluster.faults.storeAway();
    const answer = await juliet.request(
      "set",
      "<query xmlns='jabber:iq:roster'><item jid='nurse@localhost'/></query>",
    );
    assert.equal(answer.type, "error");
    await sees(
      "roster-1",
      'rollcall_roster_operations_total{operation="set",outcome="failed"}',
      (value) => value === 1,
    );
    await sees(
      "roster-1",
      'rollcall_riak_operation_duration_seconds_count{operation="get",outcome="failed"}',
      (value) => value > 0,
    );
    await assert.rejects(onlineAt(cluster, node(0), "romeo"));
    const refused = 'rollcall_login_attempts_total{mechanism="SCRAM-SHA-1",outcome="temporary_failure"}';
    await sees("connection-1", refused, (value) => value > 0);
    await undo();
  });

  test("RollcallLeaseLost: an owner stands still for longer than its lease", async () => {
    const [owner] = cluster.presence;
    assert.ok(owner);
    owner.freeze();
    await sees("presence-2", 'rollcall_ownership_partitions{service="presence"}', (value) => value === 256);
    owner.thaw();
    await sees(
      "presence-1",
      'rollcall_ownership_moves_total{service="presence",change="lost"}',
      (value) => value > 0,
    );
  });

  test("RollcallNatsUnreachable, RollcallStanzasFailing: NATS is away", async () => {
    await cluster.nats.kill();
    for (const process of ["connection-1", "roster-1", "presence-2"])
      await sees(process, "rollcall_nats_connected", (value) => value === 0);
    juliet.send("<message to='romeo@localhost' type='chat' id='lost'><body>hello</body></message>");
    // The bus waits for an owner first: they change, and NATS comes back.
    const bounced = () => juliet.wire.inbox.some(({ id, type }) => id === "lost" && type === "error");
    await eventually("the message comes back", bounced, 60_000);
    await sees("connection-1", 'rollcall_uplink_bounces_total{kind="message"}', (value) => value === 1);
    // Without it the processes would wait for it when they are stopped.
    await cluster.nats.start();
  });
});
