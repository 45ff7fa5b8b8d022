import assert from "node:assert/strict";
import { test } from "node:test";
import { activeSpan, carrySpan, errorCode, withSpan } from "./active-span.ts";
import type { Span } from "./span.ts";

const named = (traceId: string): Span => ({ traceId }) as Span;

test("a span holds for what runs synchronously, and for nothing else", async () => {
  const span = named("a");
  const seen: (string | undefined)[] = [];
  const work = withSpan(span, async () => {
    seen.push(activeSpan()?.traceId);
    await Promise.resolve();
    seen.push(activeSpan()?.traceId);
  });
  seen.push(activeSpan()?.traceId);
  await work;
  assert.deepEqual(seen, ["a", undefined, undefined]);
});

test("inside another one it takes its place for that time, also where there is none", () => {
  const seen: (string | undefined)[] = [];
  const note = (): unknown => seen.push(activeSpan()?.traceId);
  withSpan(named("a"), () => {
    withSpan(named("b"), note);
    withSpan(undefined, note);
    note();
  });
  assert.deepEqual(seen, ["b", undefined, "a"]);
});

test("an exception leaves nothing behind", () => {
  assert.throws(() =>
    withSpan(named("a"), () => {
      throw new Error("no");
    }),
  );
  assert.equal(activeSpan(), undefined);
});

test("what is carried runs as part of it later; without a span it is the task itself", () => {
  const read = (word: string): string => `${word} ${activeSpan()?.traceId}`;
  const carried = withSpan(named("a"), () => carrySpan(read));
  assert.equal(carried("later"), "later a");
  assert.equal(carrySpan(read), read);
});

test("errors are named by their code, never by their message", () => {
  assert.equal(errorCode(Object.assign(new Error("juliet's secret"), { code: "no-owner" })), "no-owner");
  assert.equal(errorCode(new TypeError("juliet's secret")), "TypeError");
  assert.equal(errorCode("juliet's secret"), "unknown");
});
