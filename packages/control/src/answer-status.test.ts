import assert from "node:assert/strict";
import { test } from "node:test";
import { silentLogger } from "@rollcall/telemetry";
import { answerStatus } from "./answer-status.ts";
import { createControlHub } from "./memory-control.ts";
import { watchThisProcess } from "./this-process.ts";

const join = () =>
  createControlHub(silentLogger).join({
    process: { id: "roster-1", kind: "roster", version: "0.1.0", startedAt: 0 },
  });

test("a part that fails or hangs is told as a fault, and the others are there", {
  timeout: 10_000,
}, async () => {
  const control = join();
  answerStatus(
    control,
    { phase: "running", notReady: () => [{ service: "riak", reason: "is away" }] },
    {
      sessions: () => 4,
      certificate: () => undefined,
      riak: () => new Promise(() => {}),
      nats: () => {
        throw new Error("no connection");
      },
    },
  );
  const [answer] = (await control.ask({ kind: "status" })).answers;
  assert.ok(answer?.outcome.kind === "answered");
  const { faults, ...rest } = answer.outcome.answer;
  assert.deepEqual(rest, {
    phase: "running",
    notReady: [{ service: "riak", reason: "is away" }],
    sessions: 4,
  });
  assert.deepEqual(faults.map(({ part, message }) => `${part}: ${message}`).sort(), [
    "nats: no connection",
    "riak: did not answer within 1 s",
  ]);
});

test("a process tells how late its timers are, and of its files where the system does", async () => {
  const control = join();
  const self = watchThisProcess();
  answerStatus(control, { phase: "running", notReady: () => [] }, self.parts);
  const [answer] = (await control.ask({ kind: "status" })).answers;
  self.stop();
  assert.ok(answer?.outcome.kind === "answered");
  const { eventLoop, files, faults } = answer.outcome.answer;
  assert.deepEqual(faults, []);
  assert.ok(eventLoop !== undefined && eventLoop.p99Ms >= 0 && eventLoop.maxMs >= 0);
  if (process.platform === "linux")
    assert.ok(files !== undefined && files.open > 3 && files.limit >= files.open);
});
