import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startAllInOne } from "./all-in-one.ts";
import { usersOf } from "./cast.ts";
import { check } from "./checker/check.ts";
import { defaultBounds } from "./checker/history.ts";
import type { ClusterUnderChaos } from "./cluster-under-chaos.ts";
import { report } from "./report.ts";
import { runChaos } from "./run.ts";

const users = usersOf(16);
const seed = Number(process.env.CHAOS_SEED ?? 1);
const deliveryMs = 6_000;
let cluster: ClusterUnderChaos;

before(async () => {
  cluster = await startAllInOne(users);
});
after(() => cluster.stop());

test("the server of one process loses nothing while it is killed and frozen under load", async () => {
  const { events } = await runChaos(cluster, {
    users,
    seed,
    durationMs: 8_000,
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
});
