import assert from "node:assert/strict";
import { test } from "node:test";
import { Gathering } from "./gathering.ts";

test("a process that is taken for dead while it is waited for is missing all the same", async () => {
  const expected = new Set(["node-1", "node-2"]);
  const gathering = new Gathering({ expected: () => expected, timeoutMs: 60_000, graceMs: 1, now: () => 0 });
  expected.delete("node-2");
  gathering.add(
    {
      v: 1,
      process: { id: "node-1", kind: "connection", version: "1", startedAt: 0 },
      outcome: { kind: "answered", answer: {} },
      receivedAt: 0,
      sentAt: 0,
    },
    false,
  );
  // Nobody waits for it any longer.
  await gathering.finished;
  const { answers, missing } = gathering.result();
  assert.deepEqual([answers.map(({ process }) => process.id), missing], [["node-1"], ["node-2"]]);
});
