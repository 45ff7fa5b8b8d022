import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Budget, ForcedTraces, RatioSampler } from "./sampling.ts";

/** A generator of numbers from 0 to below 1 that is always the same (mulberry32). */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

describe("the ratio sampler", () => {
  for (const ratio of [0.001, 0.01, 0.3, 0.9]) {
    test(`takes ${ratio} of everything`, () => {
      const sampler = new RatioSampler(ratio, numbers(7));
      const trials = 400_000;
      let taken = 0;
      for (let i = 0; i < trials; i++) if (sampler.sample()) taken += 1;
      const expected = ratio * trials;
      const deviation = Math.sqrt(trials * ratio * (1 - ratio));
      assert.ok(Math.abs(taken - expected) < 5 * deviation, `${taken} of ${trials}`);
    });
  }

  test("takes nothing with 0, and everything with 1", () => {
    const never = new RatioSampler(0, numbers(1));
    const always = new RatioSampler(1, numbers(1));
    for (let i = 0; i < 10_000; i++) assert.deepEqual([never.sample(), always.sample()], [false, true]);
  });
});

describe("traces by request", () => {
  test("end by themselves", () => {
    const forced = new ForcedTraces(10);
    assert.equal(forced.add("juliet@localhost", 100, 0), true);
    assert.deepEqual([forced.has("juliet@localhost", 99), forced.has("romeo@localhost", 99)], [true, false]);
    assert.equal(forced.has("juliet@localhost", 100), false);
    assert.equal(forced.isEmpty, true);
  });

  test("are so many at a time, and what is over makes room", () => {
    const forced = new ForcedTraces(2);
    assert.deepEqual(
      ["a", "b", "c"].map((jid) => forced.add(jid, 100, 0)),
      [true, true, false],
    );
    assert.equal(forced.add("a", 200, 50), true);
    assert.equal(forced.add("c", 200, 150), true);
    assert.deepEqual(
      ["a", "b", "c"].map((jid) => forced.has(jid, 150)),
      [true, false, true],
    );
  });
});

test("a budget is so much in a second", () => {
  const budget = new Budget(2);
  assert.deepEqual(
    [1_000, 1_500, 1_999, 2_000].map((now) => budget.take(now)),
    [true, true, false, true],
  );
});
