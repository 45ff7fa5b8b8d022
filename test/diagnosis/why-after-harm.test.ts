/** `rollcall why` in a cluster of real processes that comes to harm. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { WhyAnswer } from "@rollcall/contracts";
import {
  befriendIn,
  eventually,
  needs,
  onlineAt,
  type RunningCluster,
  startCluster,
} from "@rollcall/testkit";
import { rollcallIn } from "./rollcall-in-cluster.ts";

let cluster: RunningCluster;

async function why(who: string, to: string): Promise<WhyAnswer & { readonly code: number | null }> {
  const jid = (name: string): string => `${name}@${cluster.domain}`;
  const { code, stdout } = await rollcallIn(cluster, "why", jid(who), jid(to), "--json");
  return { ...(JSON.parse(stdout) as WhyAnswer), code };
}

const codes = ({ reasons }: WhyAnswer): string[] => reasons.map(({ code }) => code);

describe("why somebody is not shown online", { skip: needs("nats-server").skip, timeout: 180_000 }, () => {
  before(async () => {
    cluster = await startCluster();
    await cluster.settled();
  });
  after(() => cluster?.stop());

  test("a connection node that hangs is named, and what comes of it", async () => {
    await befriendIn(cluster, "romeo", "juliet");
    const [first, second] = cluster.nodes;
    assert.ok(first !== undefined && second !== undefined);
    await onlineAt(cluster, first, "romeo");
    await onlineAt(cluster, second, "juliet");
    assert.deepEqual(codes(await why("romeo", "juliet")), ["shown"]);
    second.process.freeze();
    const { code, reasons, shown } = await why("romeo", "juliet");
    const [deciding] = reasons;
    assert.deepEqual([code, shown, deciding?.code], [3, "no", "observer-node-silent"]);
    assert.match(deciding?.message ?? "", /connection-/);
    await eventually("its sessions are ended", async () =>
      codes(await why("romeo", "juliet")).includes("observer-offline"),
    );
    second.process.thaw();
    await cluster.settled();
  });

  test("a missing owner is no reason to say that somebody is offline", async () => {
    await befriendIn(cluster, "mercutio", "benvolio");
    const [first] = cluster.nodes;
    assert.ok(first !== undefined);
    await onlineAt(cluster, first, "mercutio");
    await onlineAt(cluster, first, "benvolio");
    for (const presence of cluster.presence) await presence.end("SIGTERM");
    const { code, shown, reasons } = await why("mercutio", "benvolio");
    assert.deepEqual(
      [code, shown, [...new Set(reasons.map((reason) => reason.code))]],
      [4, "unknown", ["presence-owner-silent"]],
    );
    await Promise.all(cluster.presence.map((presence) => presence.start()));
    await cluster.settled();
    await eventually("both are known again", async () => (await why("mercutio", "benvolio")).shown === "yes");
  });
});
