import assert from "node:assert/strict";
import { test } from "node:test";
import type { TraceQuestion } from "@rollcall/contracts";
import { silentLogger } from "@rollcall/telemetry";
import { answerLogLevel } from "./answer-log-level.ts";
import { answerTrace } from "./answer-trace.ts";
import type { Control } from "./control.ts";
import { createControlHub } from "./memory-control.ts";

const account = "juliet@example.com" as TraceQuestion["account"];

const join = (): Control =>
  createControlHub(silentLogger).join({
    process: { id: "connection-1", kind: "connection", version: "0.1.0", startedAt: 0 },
  });

test("an account is traced, or one session, and no more when that ends", async () => {
  const forced: [string, number][] = [];
  const control = join();
  answerTrace(control, { force: (jid, forMs) => forced.push([jid, forMs]) > 0 }, () => 100);
  const asked = [
    await control.ask({ kind: "trace", account, forMs: 5 }),
    await control.ask({ kind: "trace", account, resource: "balcony", forMs: 5 }),
    await control.ask({ kind: "trace", account, forMs: 0 }),
  ];
  assert.deepEqual(forced, [
    [account, 5],
    [`${account}/balcony`, 5],
    [account, 0],
  ]);
  assert.deepEqual(
    asked.map(({ answers }) => answers[0]?.outcome),
    [{ until: 105 }, { until: 105 }, {}].map((answer) => ({ kind: "answered", answer })),
  );
});

test("a process whose traces go nowhere says so", async () => {
  const control = join();
  answerTrace(control, { force: () => false });
  const [answer] = (await control.ask({ kind: "trace", account, forMs: 5 })).answers;
  assert.ok(answer?.outcome.kind === "failed");
  assert.match(answer.outcome.message, /otlp\.endpoint/);
  assert.equal(
    (await control.ask({ kind: "trace", account, forMs: 0 })).answers[0]?.outcome.kind,
    "answered",
  );
});

test("the level of a log is changed, for a time or until the process ends; a log without levels is no answer", async () => {
  const levels: unknown[] = [];
  const control = join();
  const setLevel = (...level: unknown[]): void => void levels.push(level);
  answerLogLevel(control, { setLevel, setAreaLevel: setLevel }, () => 100);
  const timed = await control.ask({ kind: "log-level", level: "debug", forMs: 50 });
  const lasting = await control.ask({ kind: "log-level", level: "warn" });
  await control.ask({ kind: "log-level", level: "info", area: "riak" });
  assert.deepEqual(levels, [
    ["debug", 50],
    ["warn", undefined],
    ["riak", "info", undefined],
  ]);
  assert.deepEqual(
    [timed, lasting].map(({ answers }) => answers[0]?.outcome),
    [{ level: "debug", until: 150 }, { level: "warn" }].map((answer) => ({ kind: "answered", answer })),
  );
  const other = join();
  answerLogLevel(other, silentLogger);
  const [answer] = (await other.ask({ kind: "log-level", level: "info" })).answers;
  assert.deepEqual(answer?.outcome, { kind: "not-known" });
});
