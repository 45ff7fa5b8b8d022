import assert from "node:assert/strict";
import { test } from "node:test";
import { needs } from "@rollcall/testkit";
import { startAllInOne } from "./all-in-one.ts";
import { usersOf } from "./cast.ts";
import { check } from "./checker/check.ts";
import { defaultBounds } from "./checker/history.ts";
import type { ClusterUnderChaos } from "./cluster-under-chaos.ts";
import { startLocalCluster } from "./local-cluster.ts";
import { report } from "./report.ts";
import { runChaos } from "./run.ts";

/** Those that take a few seconds; `npm run chaos` has the others. */
const quick = new Set([
  "killNode",
  "killRoster",
  "killPresence",
  "killNodeAndPresence",
  "restartNats",
  "restartStore",
]);
const users = usersOf(16);
const seed = Number(process.env.CHAOS_SEED ?? 1);
const deliveryMs = 6_000;

async function chaosOn(cluster: ClusterUnderChaos, durationMs: number): Promise<void> {
  const { events } = await runChaos(cluster, {
    users,
    seed,
    durationMs,
    actionsPerSecond: 60,
    calmMs: 1_500,
    faults: true,
    deliveryMs,
    say: () => {},
  });
  assert.ok(events.some((event) => event.kind === "fault"));
  assert.equal(events.filter((event) => event.kind === "roster").length, users.length);
  const findings = check(events, { ...defaultBounds, deliveryMs });
  assert.deepEqual(findings, [], report(events, findings));
}

test("the server of one process loses nothing while it is killed and frozen under load", async (t) => {
  const server = await startAllInOne(users);
  t.after(() => server.stop());
  await chaosOn(server, 8_000);
});

test("a cluster loses nothing while its processes die under load", needs("nats-server"), async (t) => {
  const cluster = await startLocalCluster(users);
  t.after(() => cluster.stop());
  await chaosOn({ ...cluster, faults: cluster.faults.filter(({ verb }) => quick.has(verb)) }, 15_000);
});
