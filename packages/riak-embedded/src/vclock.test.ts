import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decodeVclock, encodeVclock } from "./vclock.ts";

const id = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);

test("a context comes back as it was given out", () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), (dot) => assert.equal(decodeVclock(id, encodeVclock(id, dot)), dot)),
  );
});

test("a context of another store has seen nothing", () => {
  assert.equal(decodeVclock(id, encodeVclock(new Uint8Array(8), 17)), 0);
});

test("no text is a context unless a store made it", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.base64String()), (text) =>
      assert.equal(decodeVclock(id, text), undefined),
    ),
  );
});
