import assert from "node:assert/strict";
import { test } from "node:test";
import { closeInTurn } from "./close-in-turn.ts";

/** How many streams are closed by when. */
async function closedAt(streams: number, perSecond: number, withinMs: number): Promise<Map<number, number>> {
  const at = new Map<number, number>();
  let now = 0;
  let closed = 0;
  const sleep = async (ms: number): Promise<void> => {
    now += ms;
  };
  const all = Array.from({ length: streams }, (_, index) => index);
  await closeInTurn(all, { perSecond, withinMs, sleep }, (stream) => {
    assert.equal(stream, closed);
    closed += 1;
    at.set(now, closed);
  });
  assert.equal(closed, streams);
  return at;
}

test("streams are closed at the rate", async () => {
  const at = await closedAt(100, 200, 60_000);
  assert.deepEqual([at.get(0), at.get(50), at.get(450)], [10, 20, 100]);
});

test("a rate of less than one in a step is kept as well", async () => {
  const at = await closedAt(4, 5, 60_000);
  assert.deepEqual(
    [...at],
    [
      [0, 1],
      [200, 2],
      [400, 3],
      [600, 4],
    ],
  );
});

test("the rate is higher where there would not be time enough", async () => {
  const at = await closedAt(1_000, 10, 500);
  assert.ok([...at.keys()].every((time) => time < 500));
});

test("without a rate, and without time, all are closed at once", async () => {
  assert.deepEqual([...(await closedAt(50, 0, 10_000))], [[0, 50]]);
  assert.deepEqual([...(await closedAt(50, 1, 0))], [[0, 50]]);
});
