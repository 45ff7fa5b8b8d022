import assert from "node:assert/strict";
import { test } from "node:test";
import { subjects } from "./subjects.ts";

test("subjects follow the grammar", () => {
  assert.equal(subjects.partition("roster-owner", 7), "rollcall.v1.roster.7");
  assert.equal(subjects.partition("presence-owner", 255), "rollcall.v1.presence.255");
  assert.equal(subjects.node("connection-a1B2"), "rollcall.v1.node.connection-a1B2");
  assert.equal(subjects.instance("roster_1"), "rollcall.v1.instance.roster_1");
  assert.equal(subjects.heartbeat("n"), "rollcall.v1.heartbeat.n");
});

test("nothing that could widen a subject gets into one", () => {
  for (const name of ["", "a.b", "*", ">", "a b", "a\r\nPUB x", "ü", "a".repeat(129)]) {
    assert.throws(() => subjects.node(name), RangeError, name);
  }
  for (const partition of [-1, 256, 1.5, Number.NaN]) {
    assert.throws(() => subjects.partition("roster-owner", partition), RangeError);
  }
});
