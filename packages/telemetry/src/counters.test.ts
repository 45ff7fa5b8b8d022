import assert from "node:assert/strict";
import { test } from "node:test";
import { CounterRegistry } from "./counters.ts";

test("numbers are read when somebody asks, not when they are added", () => {
  const registry = new CounterRegistry();
  const roster = { writes: 0, name: "not a number" };
  let waiting = 1;
  registry.add("roster", roster);
  registry.add("bus", () => ({ waiting }));
  roster.writes++;
  waiting = 7;
  assert.deepEqual(registry.read(), { bus: { waiting: 7 }, roster: { writes: 1 } });
});

test("an area belongs to one owner until it is taken out", () => {
  const registry = new CounterRegistry();
  const remove = registry.add("bus", {});
  assert.throws(() => registry.add("bus", {}), /already/);
  remove();
  registry.add("bus", {});
});
