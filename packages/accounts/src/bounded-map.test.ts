import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { BoundedMap } from "./bounded-map.ts";

describe("a bounded map", () => {
  test("forgets what was used longest ago", () => {
    const map = new BoundedMap<string, number>(2);
    map.set("a", 1);
    map.set("b", 2);
    map.get("a");
    map.set("c", 3);
    assert.deepEqual([map.get("a"), map.get("b"), map.get("c"), map.size], [1, undefined, 3, 2]);
  });

  test("with no room keeps nothing", () => {
    const map = new BoundedMap<string, number>(0);
    map.set("a", 1);
    assert.equal(map.get("a"), undefined);
  });
});
