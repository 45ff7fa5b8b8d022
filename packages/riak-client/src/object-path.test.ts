import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { bucketPath, encodePathSegment } from "./object-path.ts";
import { RiakError } from "./riak-error.ts";

/** As Riak reads a path segment: once, and with a plus sign for a space. */
const asRiakReads = (segment: string): string => decodeURIComponent(segment.replaceAll("+", " "));

describe("object paths", () => {
  test("any key survives being a path segment", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", minLength: 1, maxLength: 60 }), (key) => {
        const segment = encodePathSegment(key);
        assert.equal(asRiakReads(segment), key);
        assert.match(segment, /^[A-Za-z0-9_.~!*'()%@-]+$/);
      }),
      { numRuns: 300 },
    );
  });

  test("what a path could be mistaken for is encoded", () => {
    assert.equal(encodePathSegment("a+b c/d%@e"), "a%2Bb%20c%2Fd%25@e");
    assert.equal(encodePathSegment(".."), "%2E%2E");
    assert.equal(encodePathSegment("..."), "...");
  });

  test("no key, half a character and an endless key are refused", () => {
    const code = (key: string): string => {
      try {
        encodePathSegment(key);
        return "none";
      } catch (error) {
        assert.ok(error instanceof RiakError);
        return error.code;
      }
    };
    assert.equal(code(""), "bad-request");
    assert.equal(code("\ud800"), "bad-request");
    assert.equal(code("k".repeat(8_000)), "too-large");
  });

  test("a bucket may have a type", () => {
    assert.equal(bucketPath("xmpp"), "/buckets/xmpp");
    assert.equal(bucketPath("xmpp", "strong"), "/types/strong/buckets/xmpp");
  });
});
