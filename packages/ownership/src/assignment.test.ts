import assert from "node:assert/strict";
import { test } from "node:test";
import { PARTITIONS } from "@rollcall/contracts";
import { assignedTo } from "./assignment.ts";

const names = (count: number): string[] =>
  Array.from({ length: count }, (_, i) => `roster-${i}-9f3c0a4be2d15c77`);
const all = Array.from({ length: PARTITIONS }, (_, partition) => partition);

test("nobody is assigned where there is nobody", () => {
  assert.equal(assignedTo(0, []), undefined);
});

test("the order in which members are known makes no difference", () => {
  const members = names(7);
  for (const partition of all) {
    assert.equal(assignedTo(partition, members), assignedTo(partition, members.toReversed()));
  }
});

test("a member that comes takes its share and moves nothing else; when it goes, all is as before", () => {
  for (let count = 1; count < 20; count += 1) {
    const joiner = "another-0011223344556677";
    for (const partition of all) {
      const before = assignedTo(partition, names(count));
      const after = assignedTo(partition, [...names(count), joiner]);
      assert.ok(after === before || after === joiner);
    }
  }
});

test("partitions are spread evenly enough", () => {
  for (const count of [2, 3, 5, 8]) {
    const shares = new Map<string, number>();
    for (const partition of all) {
      const owner = assignedTo(partition, names(count)) ?? "";
      shares.set(owner, (shares.get(owner) ?? 0) + 1);
    }
    const fair = PARTITIONS / count;
    for (const name of names(count)) {
      const share = shares.get(name) ?? 0;
      assert.ok(share > fair * 0.5 && share < fair * 1.6, `${name} of ${count}: ${share}`);
    }
  }
});
