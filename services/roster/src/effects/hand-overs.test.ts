import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { silentLogger } from "@rollcall/telemetry";
import { RosterCounters } from "../counters.ts";
import { HandOvers } from "./hand-overs.ts";

function setUp(limit: number) {
  const counters = new RosterCounters();
  return { counters, handOvers: new HandOvers({ limit, logger: silentLogger, counters }) };
}

describe("hand-overs", () => {
  test("are full at the limit, and free again when one ends", async () => {
    const { handOvers, counters } = setUp(1);
    let end = () => {};
    handOvers.follow(
      new Promise<void>((resolve) => {
        end = resolve;
      }),
    );
    assert.equal(handOvers.isFull, true);
    end();
    await handOvers.settled();
    assert.equal(handOvers.isFull, false);
    assert.equal(counters.handOversUnderWay, 0);
  });

  test("that fail are counted, and hurt nobody", async () => {
    const { handOvers, counters } = setUp(10);
    handOvers.follow(Promise.reject(new Error("no")));
    await handOvers.settled();
    assert.equal(counters.handOversFailed, 1);
  });

  test("are settled only with what they started", async () => {
    const { handOvers } = setUp(10);
    const done: string[] = [];
    const second = async () => {
      await Promise.resolve();
      done.push("second");
    };
    handOvers.follow(Promise.resolve().then(() => handOvers.follow(second())));
    await handOvers.settled();
    assert.deepEqual(done, ["second"]);
  });
});
