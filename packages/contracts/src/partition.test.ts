import assert from "node:assert/strict";
import { test } from "node:test";
import { PARTITIONS, partitionOf } from "./partition.ts";

test("the partition of an account never changes", () => {
  // FNV-1a test vectors: "" is the offset basis, "a" is 0xe40c292c, "foobar" is 0xbf9cf968.
  assert.equal(partitionOf(""), 0xc5);
  assert.equal(partitionOf("a"), 0x2c);
  assert.equal(partitionOf("foobar"), 0x68);
});

test("non-ASCII addresses are hashed over their UTF-8 bytes", () => {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from("jürgen@exämple.com")) hash = Math.imul(hash ^ byte, 0x01000193);
  assert.equal(partitionOf("jürgen@exämple.com"), (hash >>> 0) % 256);
});

test("accounts spread evenly over the partitions", () => {
  const counts = new Array<number>(PARTITIONS).fill(0);
  for (let i = 0; i < 25_600; i += 1) {
    const partition = partitionOf(`user${i}@example.com`);
    counts[partition] = (counts[partition] ?? 0) + 1;
  }
  assert.ok(Math.min(...counts) > 50, `emptiest partition has ${Math.min(...counts)}`);
  assert.ok(Math.max(...counts) < 170, `fullest partition has ${Math.max(...counts)}`);
});
