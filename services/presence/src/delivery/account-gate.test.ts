import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { AccountGate } from "./account-gate.ts";

function deferred(): {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
  readonly reject: () => void;
} {
  let resolve = (): void => {};
  let reject = (): void => {};
  const promise = new Promise<void>((yes, no) => {
    resolve = yes;
    reject = () => no(new Error("failed"));
  });
  return { promise, resolve, reject };
}

describe("the gate of an account", () => {
  it("runs one task after the other, and lets other accounts pass", async () => {
    const gate = new AccountGate(10);
    const first = deferred();
    const order: string[] = [];
    const begun = gate.run("juliet", async () => {
      order.push("one begins");
      await first.promise;
      order.push("one ends");
    });
    const second = gate.run("juliet", () => void order.push("two"));
    await gate.run("romeo", () => void order.push("other"));
    assert.ok(gate.isHeld("juliet"));
    assert.deepEqual(order, ["one begins", "other"]);
    first.resolve();
    await Promise.all([begun, second]);
    assert.deepEqual(order, ["one begins", "other", "one ends", "two"]);
    await gate.idle();
    assert.equal(gate.isHeld("juliet"), false);
  });

  it("lets one task pass those that wait, but not what is under way", async () => {
    const gate = new AccountGate(10);
    const first = deferred();
    const order: string[] = [];
    const begun = gate.hold(
      "juliet",
      first.promise.then(() => void order.push("first")),
    );
    const waiting = gate.run("juliet", () => void order.push("waiting"));
    const next = gate.runNext("juliet", () => void order.push("next"));
    first.resolve();
    await Promise.all([begun, waiting, next]);
    assert.deepEqual(order, ["first", "next", "waiting"]);
    await gate.idle();
    await gate.runNext("juliet", () => void order.push("at once"));
    assert.equal(order.at(-1), "at once");
  });

  it("lets it pass also in the moment after one task ended and before the next began", async () => {
    const gate = new AccountGate(10);
    const order: string[] = [];
    const first = gate.run("juliet", () => void order.push("first"));
    const waiting = gate.run("juliet", () => void order.push("waiting"));
    await first;
    // Microtasks of the first are over, its successor comes with the next turn.
    const next = gate.runNext("juliet", () => void order.push("next"));
    await Promise.all([waiting, next]);
    assert.deepEqual(order, ["first", "next", "waiting"]);
  });

  it("goes on after a task that failed, and tells only that task's caller", async () => {
    const gate = new AccountGate(10);
    const first = deferred();
    const failing = gate.hold("juliet", first.promise);
    let ran = false;
    const second = gate.run("juliet", () => {
      ran = true;
    });
    first.reject();
    await assert.rejects(failing, /failed/);
    await second;
    assert.ok(ran);
    await gate.idle();
  });

  it("lets everybody else have a turn between two tasks, however quick they are", async () => {
    const gate = new AccountGate(10);
    const order: string[] = [];
    const all = [1, 2, 3].map((task) => gate.run("juliet", () => void order.push(`task ${task}`)));
    setImmediate(() => order.push("somebody else"));
    await Promise.all(all);
    assert.deepEqual(order.indexOf("somebody else") < order.indexOf("task 3"), true, order.join());
  });

  it("is full when too much waits", async () => {
    const gate = new AccountGate(2);
    const first = deferred();
    const all = [gate.hold("juliet", first.promise), gate.run("juliet", () => {})];
    assert.ok(gate.isFull("juliet"));
    assert.ok(!gate.isFull("romeo"));
    first.resolve();
    await Promise.all(all);
    await gate.idle();
    assert.ok(!gate.isFull("juliet"));
  });
});
