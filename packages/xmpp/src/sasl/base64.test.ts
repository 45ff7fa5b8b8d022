import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { describe, it } from "node:test";
import fc from "fast-check";
import { decodeBase64, encodeBase64 } from "./base64.ts";

describe("decodeBase64", () => {
  it("reverses encodeBase64", () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        assert.deepEqual(decodeBase64(encodeBase64(bytes)), Buffer.from(bytes));
      }),
    );
  });

  it("encodes the bytes of a view and not those around it", () => {
    assert.equal(encodeBase64(new Uint8Array([0, 1, 2, 3]).subarray(1, 3)), "AQI=");
  });

  it("refuses foreign characters, misplaced padding and padding bits that are not zero", () => {
    for (const text of [
      ..."= == ==== A AA AAA AA= AAA== AAAA= =AAAA AA=A AAAA==== AB== AAB= Zh== A-A_ AA==AAAA".split(" "),
      "AAAA\n",
      " AAAA",
      "AA AA",
      "AAAA\u0000",
      "AAA\u00C1",
    ]) {
      assert.equal(decodeBase64(text), undefined, JSON.stringify(text));
    }
  });
});
