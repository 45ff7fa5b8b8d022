import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { fieldPrefix, indexEntry, parseIndexEntry } from "./index-keys.ts";
import { bucketOf, bucketPrefix, isHashed, objectStoreKey } from "./store-keys.ts";

const prefix = bucketPrefix({ type: "default", bucket: "b" });
const bytes = fc.uint8Array({ maxLength: 8 }).map((array) => Buffer.from(array).toString("latin1"));

test("entries of integers sort as the integers do, and come apart again", () => {
  const integer = fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n });
  fc.assert(
    fc.property(integer, integer, bytes, (a, b, key) => {
      const [first, second] = [a, b].map((value) => indexEntry(prefix, "n_int", `${value}`, key));
      assert.equal(Math.sign(Buffer.compare(first!, second!)), a < b ? -1 : a > b ? 1 : 0);
      const { length } = fieldPrefix(prefix, "n_int");
      assert.deepEqual(parseIndexEntry(first!, "n_int", length), { value: `${a}`, key });
    }),
  );
});

test("entries of bytes sort by value, then by key, and come apart again", () => {
  fc.assert(
    fc.property(bytes, bytes, bytes, bytes, (a, b, keyA, keyB) => {
      const order = a === b ? (keyA < keyB ? -1 : keyA > keyB ? 1 : 0) : a < b ? -1 : 1;
      const first = indexEntry(prefix, "n_bin", a, keyA);
      const second = indexEntry(prefix, "n_bin", b, keyB);
      assert.equal(Math.sign(Buffer.compare(first, second)), order);
      const { length } = fieldPrefix(prefix, "n_bin");
      assert.deepEqual(parseIndexEntry(first, "n_bin", length), { value: a, key: keyA });
    }),
  );
});

test("a bucket's prefix names it, and long keys of objects are cut and hashed to fit LMDB's", () => {
  fc.assert(
    fc.property(bytes, bytes, (type, bucket) => {
      assert.deepEqual(bucketOf(bucketPrefix({ type, bucket })), { type, bucket });
    }),
  );
  const [one, other] = ["1", "2"].map((end) => objectStoreKey(prefix, "k".repeat(5000) + end).storeKey);
  assert.ok(isHashed(one!) && one!.length <= 1978);
  assert.notDeepEqual(one, other);
  assert.ok(!isHashed(objectStoreKey(prefix, "k".repeat(1000)).storeKey));
});
