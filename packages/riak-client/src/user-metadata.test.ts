import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { RiakError } from "./riak-error.ts";
import {
  addMetaHeaders,
  decodeMetaValue,
  encodeMetaValue,
  MAX_META_VALUE_BYTES,
  metaOf,
} from "./user-metadata.ts";

describe("user metadata", () => {
  test("any text survives being a header, in printable ASCII", () => {
    const anything = fc.oneof(
      fc.string({ unit: "grapheme", maxLength: 40 }),
      fc.string({ unit: "binary", maxLength: 40 }).filter((text) => !/\p{Surrogate}/u.test(text)),
      fc
        .array(fc.constantFrom(" ", "%", "%41", "%zz", "é", "🎭", "\r\n", "\0", "x"), { maxLength: 8 })
        .map((w) => w.join("")),
    );
    fc.assert(
      fc.property(anything, (value) => {
        const header = encodeMetaValue(value);
        assert.match(header, /^$|^[\x21-\x7e]$|^[\x21-\x7e][\x20-\x7e]*[\x21-\x7e]$/);
        assert.equal(decodeMetaValue(header), value);
      }),
      { numRuns: 500 },
    );
  });

  test("plain text and JSON stay readable", () => {
    assert.equal(encodeMetaValue('{"rev":7,"by":["a, b"]}'), '{"rev":7,"by":["a, b"]}');
    assert.equal(encodeMetaValue("100% ünï"), "100%25 %C3%BCn%C3%AF");
  });

  test("values that others wrote are read as they meant them", () => {
    assert.equal(decodeMetaValue("Ã¼nÃ¯"), "ünï");
    assert.equal(decodeMetaValue("\u00fc alone is Latin-1"), "\u00fc alone is Latin-1");
    assert.equal(decodeMetaValue("ünï 日本"), "ünï 日本");
    assert.equal(decodeMetaValue("100%"), "100%");
    assert.equal(decodeMetaValue("50%-60% %E9"), "50%-60% %E9");
  });

  test("only metadata headers are metadata", () => {
    assert.deepEqual(metaOf({ "x-riak-meta-owner": "Juliet", "x-riak-vclock": "a", etag: "b" }), {
      owner: "Juliet",
    });
  });

  test("names that would not come back, and values that Riak would refuse, are refused", () => {
    const add = (meta: Record<string, string>) => () => addMetaHeaders({}, meta);
    const refused = (code: string) => (error: unknown) => error instanceof RiakError && error.code === code;
    assert.throws(add({ mixedCase: "x" }), refused("bad-request"));
    assert.throws(add({ "two words": "x" }), refused("bad-request"));
    assert.throws(add({ half: "\udc00" }), refused("bad-request"));
    assert.throws(add({ big: "x".repeat(MAX_META_VALUE_BYTES + 1) }), refused("too-large"));
    assert.throws(add({ wide: "é".repeat(MAX_META_VALUE_BYTES / 6 + 1) }), refused("too-large"));
    const many = Object.fromEntries(
      Array.from({ length: 5 }, (_, i) => [`m${i}`, "x".repeat(MAX_META_VALUE_BYTES)]),
    );
    assert.throws(add(many), refused("too-large"));
  });
});
