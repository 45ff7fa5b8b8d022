import assert from "node:assert/strict";
import { test } from "node:test";
import { StoreUnavailableError } from "@rollcall/accounts";
import { readLines } from "../ndjson/read-lines.ts";
import { type ImportOptions, type ImportReport, runImport } from "./run-import.ts";

async function* chunks(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}

/** An import of the numbers 0, 1, 2 … whose reports are kept. */
function importOf(count: number, options: Partial<ImportOptions<"taken">>) {
  const reports: ImportReport<"taken">[] = [];
  const waits: number[] = [];
  const faults: number[] = [];
  const run = runImport({
    lines: readLines(chunks(Array.from({ length: count }, (_, i) => i).join("\n")), 1000),
    concurrency: 4,
    counted: ["taken"],
    handle: async () => ({ kind: "counted", counts: { taken: 1 } }),
    report: async (report) => void reports.push(report),
    onFault: (line) => void faults.push(line),
    stopping: new AbortController().signal,
    clock: { now: () => 0 },
    wait: async (ms) => void waits.push(ms),
    ...options,
  });
  return { run, reports, waits, faults };
}

test("no more lines are under way than allowed, and they begin in order", async () => {
  let underWay = 0;
  let most = 0;
  const begun: unknown[] = [];
  const { run } = importOf(50, {
    handle: async (value) => {
      begun.push(value);
      most = Math.max(most, ++underWay);
      await new Promise((resolve) => setImmediate(resolve));
      underWay--;
      return { kind: "counted", counts: { taken: 1 } };
    },
  });
  assert.equal((await run).taken, 50);
  assert.equal(most, 4);
  assert.deepEqual(
    begun,
    Array.from({ length: 50 }, (_, i) => i),
  );
});

test("a store that comes back is waited for, and the line counts as good", async () => {
  let failures = 2;
  const { run, waits } = importOf(1, {
    handle: async () => {
      if (failures-- > 0) throw new StoreUnavailableError("away");
      return { kind: "counted", counts: { taken: 1 } };
    },
  });
  assert.deepEqual(await run, { lines: 1, taken: 1, bad: 0, failed: 0 });
  assert.deepEqual(waits, [100, 300]);
});

test("a store that stays away fails the line after four more tries, and the next line has its own", async () => {
  const { run, reports } = importOf(2, {
    handle: async (value) => {
      if (value === 0) throw new StoreUnavailableError("away");
      return { kind: "counted", counts: { taken: 1 } };
    },
  });
  assert.deepEqual(await run, { lines: 2, taken: 1, bad: 0, failed: 1 });
  const failed = reports.find(({ kind }) => kind === "failed");
  assert.ok(failed?.kind === "failed" && failed.line === 1 && failed.reason === "unavailable");
});

test("a fault of one line is told to the log and stops no other", async () => {
  const { run, faults, reports } = importOf(3, {
    handle: async (value) => {
      if (value === 1) throw new TypeError("a bug with a secret in it");
      return { kind: "counted", counts: { taken: 1 } };
    },
  });
  assert.deepEqual(await run, { lines: 3, taken: 2, bad: 0, failed: 1 });
  assert.deepEqual(faults, [2]);
  assert.doesNotMatch(JSON.stringify(reports), /secret/);
});

test("progress is reported once a second", async () => {
  let now = 0;
  const { run, reports } = importOf(10, {
    concurrency: 1,
    clock: {
      now: () => {
        now += 100;
        return now;
      },
    },
  });
  await run;
  const progress = reports.filter(({ kind }) => kind === "progress");
  assert.equal(progress.length, 1);
  assert.equal(reports.at(-1)?.kind, "result");
});

test("an input that breaks off fails the import after the lines that came", async () => {
  async function* broken(): AsyncGenerator<Uint8Array> {
    yield Buffer.from("1\n2\n");
    throw new Error("aborted");
  }
  let taken = 0;
  const { run } = importOf(0, {
    lines: readLines(broken(), 1000),
    handle: async () => {
      taken++;
      return { kind: "counted", counts: {} };
    },
  });
  await assert.rejects(run, /aborted/);
  assert.equal(taken, 2);
});
