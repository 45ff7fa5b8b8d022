import assert from "node:assert/strict";
import { test } from "node:test";
import { lastToken, subjects } from "./subjects.ts";

test("subjects follow the grammar", () => {
  assert.equal(subjects.link("connection-a1B2"), "rollcall.v1.link.connection-a1B2");
  assert.equal(subjects.bounce("a", "b"), "rollcall.v1.bounce.a.b");
  assert.equal(subjects.bounces("a"), "rollcall.v1.bounce.a.*");
  assert.equal(subjects.instance("roster_1"), "rollcall.v1.instance.roster_1");
  assert.equal(subjects.heartbeat("n"), "rollcall.v1.heartbeat.n");
  assert.equal(lastToken(subjects.bounce("a", "b-1")), "b-1");
});

test("nothing that could widen a subject gets into one", () => {
  for (const name of ["", "a.b", "*", ">", "a b", "a\r\nPUB x", "ü", "a".repeat(129)]) {
    assert.throws(() => subjects.link(name), RangeError, name);
    assert.throws(() => subjects.bounce("a", name), RangeError, name);
  }
});
