import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { KeyListing } from "./key-listing.ts";
import { RiakError } from "./riak-error.ts";

const refusal = (code: string) => (error: unknown) => error instanceof RiakError && error.code === code;

describe("key listings", () => {
  test("keys are the same wherever the bytes are cut", () => {
    const keys = fc.array(fc.string({ unit: "grapheme", maxLength: 12 }), { maxLength: 5 });
    fc.assert(
      fc.property(
        fc.array(keys, { maxLength: 6 }),
        fc.infiniteStream(fc.integer({ min: 1, max: 9 })),
        (groups, cuts) => {
          const bytes = Buffer.from(groups.map((each) => JSON.stringify({ keys: each })).join(""));
          const listing = new KeyListing();
          const found: string[] = [];
          for (let at = 0; at < bytes.length; ) {
            const size = cuts.next().value as number;
            found.push(...listing.push(bytes.subarray(at, at + size)));
            at += size;
          }
          listing.end();
          assert.deepEqual(found, groups.flat());
        },
      ),
      { numRuns: 300 },
    );
  });

  test("an error among the objects ends the listing", () => {
    const listing = new KeyListing();
    assert.deepEqual(listing.push(Buffer.from('{"keys":["a"]}')), ["a"]);
    assert.throws(
      () => listing.push(Buffer.from('{"error":"insufficient_vnodes_available"}')),
      refusal("unavailable"),
    );
  });

  test("a listing that stops within an object was cut off", () => {
    const listing = new KeyListing();
    assert.deepEqual(listing.push(Buffer.from('{"keys":["a"]}{"keys":["b"')), ["a"]);
    assert.throws(() => listing.end(), refusal("bad-response"));
  });

  test("anything but JSON objects is refused, not taken for an empty listing", () => {
    for (const text of ["<html></html>", '["a"]', '"a"', "}", "{]}"]) {
      assert.throws(() => new KeyListing().push(Buffer.from(text)), refusal("bad-response"), text);
    }
  });

  test("white space between objects and other fields are skipped", () => {
    const listing = new KeyListing();
    assert.deepEqual(listing.push(Buffer.from(' {"keys":["a"],"x":{"y":"}"}}\r\n{"other":1}\n{}')), ["a"]);
    listing.end();
  });
});
