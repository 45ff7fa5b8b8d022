/** `rollcall status` and `rollcall doctor` against a cluster of real processes that comes to harm. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { ClusterStatus } from "@rollcall/contracts";
import { eventually, needs, type RunningCluster, startCluster } from "@rollcall/testkit";
import { rollcallIn } from "./rollcall-in-cluster.ts";

let cluster: RunningCluster;

const rollcall = (...arguments_: string[]): ReturnType<typeof rollcallIn> =>
  rollcallIn(cluster, ...arguments_);

async function status(): Promise<ClusterStatus & { readonly code: number | null }> {
  const { code, stdout } = await rollcall("status", "--json");
  return { ...(JSON.parse(stdout) as ClusterStatus), code };
}

const errors = ({ checks }: ClusterStatus): string[] =>
  checks.flatMap(({ findings }) =>
    findings.filter(({ severity }) => severity === "error").map(({ code }) => code),
  );

describe("the state of a cluster", { skip: needs("nats-server").skip, timeout: 180_000 }, () => {
  before(async () => {
    cluster = await startCluster();
    await cluster.settled();
  });
  after(() => cluster?.stop());

  test("all is well: six processes, every partition owned and served, backends with their versions", async () => {
    const { code, healthy, partitions, processes } = await status();
    assert.deepEqual([code, healthy], [0, true]);
    assert.deepEqual(
      processes.map(({ kind }) => kind),
      ["connection", "connection", "presence", "presence", "roster", "roster"],
    );
    for (const { instances, without } of partitions) {
      assert.deepEqual(without, []);
      const owned = Object.values(instances);
      assert.equal(owned.length, 2);
      assert.equal(
        owned.reduce((sum, { owns }) => sum + owns, 0),
        256,
      );
      for (const { owns, serves } of owned) assert.equal(serves, owns);
    }
    for (const { skewErrorMs, skewMs, status: of } of processes) {
      assert.ok(Math.abs(skewMs) <= skewErrorMs + 1);
      assert.ok(of?.nats?.connected && /^\d+\./.test(of.nats.version ?? ""));
      assert.deepEqual(of.riak?.problems, []);
      assert.ok((of.riak?.buckets.length ?? 0) > 0);
    }
    const shown = await rollcall("status");
    assert.match(shown.stdout, /^Rollcall is healthy: 6 processes, 0 sessions\n/);
  });

  test("doctor finds no error, and ends with 0", async () => {
    const { code, stdout } = await rollcall("doctor");
    assert.equal(code, 0, stdout);
    assert.match(stdout, /ok +every partition of rosters and presence is owned and served/);
  });

  test("bucket properties that somebody has changed are found, with what to do", async () => {
    const riak = `${cluster.storeProxy.url}/buckets/xmpp/props`;
    const put = (allow_mult: boolean): Promise<Response> =>
      fetch(riak, {
        method: "PUT",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ props: { allow_mult } }),
      });
    await put(false);
    const { code, stdout } = await rollcall("doctor");
    await put(true);
    assert.equal(code, 1, stdout);
    assert.match(
      stdout,
      /error +bucket xmpp: allow_mult is false, wanted true\n +→ .*rollcall buckets apply/,
    );
  });

  test("a process that stands still is shown as silent, and nobody else is", async () => {
    const [, node] = cluster.nodes;
    node?.process.freeze();
    const frozen = await status();
    node?.process.thaw();
    assert.equal(frozen.code, 1);
    assert.equal(frozen.missing.length, 1);
    assert.match(frozen.missing[0] ?? "", /^connection-/);
    assert.deepEqual(errors(frozen), ["process-silent"]);
    await eventually("it answers again", async () => (await status()).healthy);
  });

  test("while NATS is away the process that is asked says so, within its time", async () => {
    await cluster.nats.kill();
    await eventually("it is noticed", async () => errors(await status()).includes("nats-away"));
    const away = await status();
    assert.equal(away.code, 1);
    assert.equal(away.processes.length, 1);
    assert.equal(errors(away).filter((code) => code === "process-silent").length, 1);
    await cluster.nats.start();
    await cluster.settled();
    await eventually("all is well again", async () => (await status()).healthy);
  });

  test("without any presence process its partitions have no owner", async () => {
    for (const presence of cluster.presence) await presence.end("SIGTERM");
    await eventually("nobody is left", async () => {
      const found = errors(await status());
      return found.includes("no-owner") && found.includes("no-process");
    });
    await Promise.all(cluster.presence.map((presence) => presence.start()));
    await cluster.settled();
    await eventually("all is well again", async () => (await status()).healthy);
  });
});
