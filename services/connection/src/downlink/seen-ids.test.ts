import assert from "node:assert/strict";
import { test } from "node:test";
import { SeenIds } from "./seen-ids.ts";

function setUp(limit?: number) {
  const clock = { time: 1_000 };
  const seen = new SeenIds({ now: () => clock.time, limit });
  return { clock, seen };
}

test("an id is known for the sessions that had it, and for no other", () => {
  const { seen } = setUp();
  for (const session of [1, 2, 3]) {
    assert.equal(seen.has("a", session), false);
    seen.add("a", session);
  }
  assert.deepEqual(
    [1, 2, 3, 4].map((session) => seen.has("a", session)),
    [true, true, true, false],
  );
  assert.equal(seen.has("b", 1), false);
});

test("an id that many sessions had at once is known for them, and for those that have it later", () => {
  const { seen } = setUp();
  assert.equal(seen.hasAny("a"), false);
  seen.addAll("a", [1, 2]);
  assert.equal(seen.hasAny("a"), true);
  assert.deepEqual(
    [1, 2, 3].map((session) => seen.has("a", session)),
    [true, true, false],
  );
  seen.add("a", 3);
  seen.addAll("b", [5]);
  seen.add("b", 6);
  assert.deepEqual(
    [1, 3, 4].map((session) => seen.has("a", session)),
    [true, true, false],
  );
  assert.deepEqual(
    [5, 6, 7].map((session) => seen.has("b", session)),
    [true, true, false],
  );
});

test("an id is known for 20 s at least, and for 40 s at most", () => {
  const { clock, seen } = setUp();
  clock.time += 19_999;
  seen.add("a", 1);
  clock.time += 20_000;
  assert.equal(seen.has("a", 1), true);
  clock.time += 20_000;
  assert.equal(seen.has("a", 1), false);
  seen.add("b", 1);
  clock.time += 1_000_000;
  assert.equal(seen.has("b", 1), false);
});

test("when there are very many the oldest are forgotten", () => {
  const { seen } = setUp(3);
  for (const id of ["a", "b", "c", "d", "e", "f", "g"]) seen.add(id, 1);
  assert.deepEqual(
    ["a", "b", "c", "d", "e", "f", "g"].map((id) => seen.has(id, 1)),
    [false, false, false, true, true, true, true],
  );
});

test("a clock that is set back keeps nothing for ever", () => {
  const { clock, seen } = setUp();
  seen.add("a", 1);
  clock.time = 0;
  assert.equal(seen.has("a", 1), true);
  clock.time += 20_000;
  assert.equal(seen.has("a", 1), false);
});
