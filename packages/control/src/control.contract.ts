/** What every adapter of `Control` must do. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { ControlProcess, TraceQuestion } from "@rollcall/contracts";
import { type Control, ControlError } from "./control.ts";

export interface ControlUnderTest {
  /** Joins a process; it expects answers of all that have joined. */
  join(process: ControlProcess, options?: JoinOptions): Promise<Control>;
  close(): Promise<void>;
}

export interface JoinOptions {
  /** The clock of the process. */
  readonly now?: () => number;
}

const juliet = "juliet@example.com" as TraceQuestion["account"];

const aProcess = (id: string, kind = "connection"): ControlProcess => ({
  id,
  kind,
  version: "0.1.0",
  startedAt: 1_000,
});

export function controlContract(name: string, make: () => Promise<ControlUnderTest>): void {
  const stage = async (run: (made: ControlUnderTest) => Promise<void>): Promise<void> => {
    const made = await make();
    try {
      await run(made);
    } finally {
      await made.close();
    }
  };
  const ids = (gathered: { answers: readonly { process: ControlProcess }[] }): string[] =>
    gathered.answers.map(({ process }) => process.id);

  describe(`${name} keeps the contract of control`, () => {
    test("a question reaches every process, the asker too, and each answer says whose it is", () =>
      stage(async ({ join }) => {
        const roster = await join(aProcess("roster-1", "roster"));
        const node = await join(aProcess("connection-1"));
        for (const [control, sessions] of [
          [roster, undefined],
          [node, 3],
        ] as const) {
          control.answer("trace", ({ account, forMs }) => {
            assert.deepEqual([account, forMs], [juliet, 500]);
            return { until: 7, sessions };
          });
        }
        const gathered = await roster.ask({ kind: "trace", account: juliet, forMs: 500 });
        assert.deepEqual(gathered.missing, []);
        assert.deepEqual(
          gathered.answers.map(({ process, outcome }) => [process, outcome]),
          [
            [aProcess("connection-1"), { kind: "answered", answer: { until: 7, sessions: 3 } }],
            [aProcess("roster-1", "roster"), { kind: "answered", answer: { until: 7 } }],
          ],
        );
      }));

    test("only processes that are named answer, by id or by kind", () =>
      stage(async ({ join }) => {
        const controls = [
          await join(aProcess("roster-1", "roster")),
          await join(aProcess("connection-1")),
          await join(aProcess("connection-2")),
        ];
        for (const control of controls) control.answer("log-level", ({ level }) => ({ level }));
        const question = { kind: "log-level", level: "debug" } as const;
        const [asker] = controls as [Control];
        assert.deepEqual(ids(await asker.ask(question, { to: ["connection-2"] })), ["connection-2"]);
        assert.deepEqual(ids(await asker.ask(question, { to: ["connection", "roster-1"] })), [
          "connection-1",
          "connection-2",
          "roster-1",
        ]);
      }));

    test("a process that knows no such question says so, and so does one whose handler fails", () =>
      stage(async ({ join }) => {
        const asker = await join(aProcess("roster-1", "roster"));
        const node = await join(aProcess("connection-1"));
        node.answer("trace", () => {
          throw new Error("the tracer has stopped");
        });
        const { answers } = await asker.ask({ kind: "trace", account: juliet, forMs: 0 });
        assert.deepEqual(
          answers.map(({ outcome }) => outcome),
          [{ kind: "failed", message: "the tracer has stopped" }, { kind: "not-known" }],
        );
      }));

    test("a slow process is waited for, and nobody is asked twice", () =>
      stage(async ({ join }) => {
        const asker = await join(aProcess("roster-1", "roster"));
        const node = await join(aProcess("connection-1"));
        const asked: string[] = [];
        asker.answer("log-level", ({ level }) => {
          asked.push("roster-1");
          return { level };
        });
        node.answer("log-level", async ({ level }) => {
          asked.push("connection-1");
          await new Promise((resolve) => setTimeout(resolve, 400));
          return { level };
        });
        const gathered = await asker.ask({ kind: "log-level", level: "info" }, { timeoutMs: 30_000 });
        assert.deepEqual([ids(gathered), gathered.missing], [["connection-1", "roster-1"], []]);
        assert.deepEqual(asked.sort(), ["connection-1", "roster-1"]);
      }));

    test("a process that says nothing is missing when the time is up, and the others are there", () =>
      stage(async ({ join }) => {
        const asker = await join(aProcess("roster-1", "roster"));
        const node = await join(aProcess("connection-1"));
        asker.answer("log-level", ({ level }) => ({ level }));
        node.answer("log-level", () => new Promise(() => {}));
        const gathered = await asker.ask({ kind: "log-level", level: "info" }, { timeoutMs: 200 });
        assert.deepEqual([ids(gathered), gathered.missing], [["roster-1"], ["connection-1"]]);
      }));

    test("a clock that is ahead shows, to within half of the way there and back", () =>
      stage(async ({ join }) => {
        const asker = await join(aProcess("roster-1", "roster"));
        const node = await join(aProcess("connection-1"), { now: () => Date.now() + 90_000 });
        for (const control of [asker, node]) control.answer("log-level", ({ level }) => ({ level }));
        const { answers } = await asker.ask({ kind: "log-level", level: "info" });
        const [ahead, own] = answers;
        assert.ok(ahead !== undefined && own !== undefined);
        assert.ok(Math.abs(ahead.skewMs - 90_000) <= ahead.roundTripMs / 2 + 1, JSON.stringify(ahead));
        assert.deepEqual([own.skewMs, own.roundTripMs], [0, 0]);
      }));

    test("a question that is none is not asked", () =>
      stage(async ({ join }) => {
        const asker = await join(aProcess("roster-1", "roster"));
        asker.answer("trace", () => assert.fail("it was asked"));
        for (const forMs of [-1, 0.5, Number.NaN, 1e12]) {
          await assert.rejects(asker.ask({ kind: "trace", account: juliet, forMs }), TypeError);
        }
      }));

    test("an answer that is none counts as no answer", () =>
      stage(async ({ join }) => {
        const asker = await join(aProcess("roster-1", "roster"));
        asker.answer("log-level", () => ({ level: "chatty" as "info" }));
        const gathered = await asker.ask({ kind: "log-level", level: "info" }, { timeoutMs: 100 });
        assert.deepEqual([ids(gathered), gathered.missing], [[], ["roster-1"]]);
      }));

    test("a kind is answered by one handler, until it is taken out", () =>
      stage(async ({ join }) => {
        const asker = await join(aProcess("roster-1", "roster"));
        const takeOut = asker.answer("log-level", ({ level }) => ({ level }));
        assert.throws(() => asker.answer("log-level", ({ level }) => ({ level })), /already/);
        takeOut();
        const question = { kind: "log-level", level: "info" } as const;
        assert.deepEqual((await asker.ask(question)).answers[0]?.outcome, { kind: "not-known" });
        asker.answer("log-level", () => ({ level: "warn" as const }));
        assert.deepEqual((await asker.ask(question)).answers[0]?.outcome, {
          kind: "answered",
          answer: { level: "warn" },
        });
      }));

    test("more questions than may be under way are refused, and can be asked again", () =>
      stage(async ({ join }) => {
        const asker = await join(aProcess("roster-1", "roster"));
        let open: () => void = () => {};
        const gate = new Promise<void>((resolve) => {
          open = resolve;
        });
        asker.answer("log-level", async ({ level }) => {
          await gate;
          return { level };
        });
        const question = { kind: "log-level", level: "info" } as const;
        const asked = Array.from({ length: 16 }, () => asker.ask(question));
        await assert.rejects(
          asker.ask(question),
          (error: unknown) => error instanceof ControlError && error.code === "busy" && error.retryable,
        );
        open();
        await Promise.all(asked);
        assert.equal((await asker.ask(question)).answers.length, 1);
      }));

    test("who has stopped asks and answers nothing more, and what was under way ends", () =>
      stage(async ({ join }) => {
        const node = await join(aProcess("connection-1"));
        const asker = await join(aProcess("roster-1", "roster"));
        asker.answer("log-level", ({ level }) => ({ level }));
        node.answer("log-level", () => new Promise(() => {}));
        const question = { kind: "log-level", level: "info" } as const;
        const underWay = asker.ask(question, { timeoutMs: 60_000 });
        asker.stop();
        await underWay;
        await assert.rejects(
          asker.ask(question),
          (error: unknown) => error instanceof ControlError && error.code === "closed" && !error.retryable,
        );
        node.stop();
        node.stop();
      }));
  });
}
