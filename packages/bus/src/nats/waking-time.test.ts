import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { WakingTime } from "./waking-time.ts";

function setUp() {
  const clock = { time: 10_000 };
  const waking = new WakingTime(() => clock.time);
  const begun = waking.now();
  return { clock, waking, passed: () => waking.now() - begun };
}

describe("waking time", () => {
  test("goes on with the clock while somebody looks", () => {
    const { clock, waking, passed } = setUp();
    waking.isWatched = true;
    for (let look = 0; look < 40; look += 1) {
      clock.time += 250;
      waking.now();
    }
    assert.equal(passed(), 10_000);
  });

  test("goes on by half a second where the process stood still, whoever looks first", () => {
    const { clock, waking, passed } = setUp();
    waking.isWatched = true;
    clock.time += 25;
    waking.now();
    clock.time += 30_000;
    assert.equal(passed(), 525);
    clock.time += 25;
    assert.equal(passed(), 550);
  });

  test("goes on with the clock while nobody has to look", () => {
    const { clock, waking, passed } = setUp();
    clock.time += 30_000;
    assert.equal(passed(), 30_000);
    waking.isWatched = true;
    clock.time += 25;
    waking.isWatched = false;
    clock.time += 60_000;
    assert.equal(passed(), 90_025);
    clock.time += 60_000;
    waking.isWatched = true;
    assert.equal(passed(), 150_025);
  });
});
