import assert from "node:assert/strict";
import { test } from "node:test";
import { createInstanceId, randomId, randomText } from "./ids.ts";

test("an instance id is the readable name and a new incarnation each time", () => {
  assert.match(createInstanceId("web-1"), /^web-1-[0-9a-f]{16}$/);
  assert.notEqual(createInstanceId("web-1"), createInstanceId("web-1"));
});

test("an instance id has nothing that a subject cannot hold", () => {
  assert.match(createInstanceId("web.1 *>"), /^web-1-[0-9a-f]{16}$/);
  assert.match(createInstanceId("…"), /^rollcall-[0-9a-f]{16}$/);
});

test("a random id has 22 safe characters", () => {
  assert.match(randomId(), /^[A-Za-z0-9_-]{22}$/);
});

test("no random text comes twice, also when the pool was filled anew", () => {
  const texts = Array.from({ length: 2_000 }, () => randomText(18));
  assert.equal(new Set(texts).size, texts.length);
  for (const text of texts) assert.match(text, /^[A-Za-z0-9_-]{24}$/);
});
