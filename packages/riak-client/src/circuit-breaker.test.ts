import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { CircuitBreaker } from "./circuit-breaker.ts";

const breaker = (): CircuitBreaker =>
  new CircuitBreaker({ failures: 3, openMs: 100, maxOpenMs: 250, random: () => 0.999_999 });

function open(it: CircuitBreaker, now: number): void {
  assert.equal(it.failed(now), false);
  assert.equal(it.failed(now), false);
  assert.equal(it.failed(now), true);
}

describe("the circuit breaker", () => {
  test("opens after failures in a row, and only in a row", () => {
    const it = breaker();
    it.failed(0);
    it.failed(0);
    it.succeeded();
    open(it, 0);
    assert.equal(it.state(1), "open");
    assert.equal(it.admits(1), false);
  });

  test("lets one trial through when its time is up", () => {
    const it = breaker();
    open(it, 0);
    assert.equal(it.state(100), "half-open");
    assert.equal(it.admits(100), true);
    it.began();
    assert.equal(it.admits(100), false);
    assert.equal(it.succeeded(), true);
    assert.equal(it.state(100), "closed");
  });

  test("stays open twice as long after each failed trial, up to its limit", () => {
    const it = breaker();
    open(it, 0);
    it.began();
    assert.equal(it.failed(100), false);
    assert.equal(it.state(299), "open");
    assert.equal(it.state(300), "half-open");
    it.failed(300);
    assert.equal(it.state(549), "open");
    assert.equal(it.state(550), "half-open");
  });

  test("failures of requests that were under way when it opened do not keep it open longer", () => {
    const it = breaker();
    open(it, 0);
    it.failed(50);
    assert.equal(it.state(100), "half-open");
  });

  test("a trial that says nothing about the node makes room for the next", () => {
    const it = breaker();
    open(it, 0);
    it.began();
    it.ended();
    assert.equal(it.admits(100), true);
  });

  test("a ping that is answered brings the trial forward, but closes nothing", () => {
    const it = breaker();
    open(it, 0);
    it.answered(10);
    assert.equal(it.state(10), "half-open");
  });
});
