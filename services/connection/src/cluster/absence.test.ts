import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Absence } from "./absence.ts";

function setUp() {
  const clock = { time: 50_000 };
  const nats = { connected: true, heardAt: undefined as number | undefined };
  const asked: (() => void)[] = [];
  const absence = new Absence({
    connected: () => nats.connected,
    heardAt: () => nats.heardAt ?? clock.time,
    askOwners: () => new Promise((resolve) => asked.push(resolve)),
    monotonic: () => clock.time,
  });
  const pass = (seconds: number): void => {
    for (let second = 0; second < seconds; second += 1) {
      clock.time += 1_000;
      absence.look();
    }
  };
  return { absence, clock, nats, asked, pass };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("a node", () => {
  test("that is there has nothing to ask", () => {
    const { absence, asked, pass } = setUp();
    pass(100);
    assert.equal(absence.isDoubtful, false);
    assert.equal(asked.length, 0);
  });

  test("that stood still asks owners before it does anything, whoever gets the first turn", async () => {
    const { absence, asked, clock } = setUp();
    clock.time += 5_001;
    assert.equal(absence.isDoubtful, true);
    assert.equal(asked.length, 1);
    let isSettled = false;
    const settled = absence.settled().then(() => {
      isSettled = true;
    });
    await turn();
    assert.equal(isSettled, false);
    asked[0]!();
    await settled;
    assert.equal(absence.isDoubtful, false);
    assert.equal(asked.length, 1);
  });

  test("that nobody heard, though its connection looked well, asks when it is heard again", () => {
    const { asked, clock, nats, pass } = setUp();
    nats.heardAt = clock.time;
    pass(7);
    assert.equal(asked.length, 0);
    nats.heardAt = undefined;
    pass(1);
    assert.equal(asked.length, 1);
  });

  test("that was not heard for a moment has nothing to ask", () => {
    const { absence, asked, clock, nats, pass } = setUp();
    nats.heardAt = clock.time;
    pass(2);
    nats.heardAt = undefined;
    pass(10);
    assert.equal(absence.isDoubtful, false);
    assert.equal(asked.length, 0);
  });

  test("that was cut off asks when it is back, and not before", () => {
    const { absence, asked, nats, pass } = setUp();
    nats.connected = false;
    pass(10);
    assert.equal(absence.isDoubtful, false);
    assert.equal(asked.length, 0);
    nats.connected = true;
    assert.equal(absence.isDoubtful, true);
    assert.equal(asked.length, 1);
  });

  test("that was cut off for a moment does not ask", () => {
    const { absence, asked, nats, pass } = setUp();
    nats.connected = false;
    pass(2);
    nats.connected = true;
    pass(2);
    assert.equal(absence.isDoubtful, false);
    assert.equal(asked.length, 0);
  });

  test("that is away again while it asks asks again", async () => {
    const { absence, asked, clock } = setUp();
    clock.time += 6_000;
    absence.look();
    clock.time += 6_000;
    absence.look();
    asked[0]!();
    await turn();
    assert.equal(asked.length, 2);
    assert.equal(absence.isDoubtful, true);
    asked[1]!();
    await turn();
    assert.equal(absence.isDoubtful, false);
    clock.time += 6_000;
    assert.equal(absence.isDoubtful, true);
    assert.equal(asked.length, 3);
  });

  test("has messages come again, soon at first", () => {
    const { absence, clock } = setUp();
    clock.time += 6_000;
    absence.look();
    assert.deepEqual(absence.later, { kind: "retry", afterMs: 50 });
    clock.time += 1_000;
    assert.deepEqual(absence.later, { kind: "retry", afterMs: 500 });
  });

  test("that is stopped keeps nobody waiting", async () => {
    const { absence, clock } = setUp();
    clock.time += 6_000;
    absence.look();
    const settled = absence.settled();
    absence.stop();
    await settled;
  });
});
