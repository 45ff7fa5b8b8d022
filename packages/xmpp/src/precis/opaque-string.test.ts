import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { prepareOpaque } from "./opaque-string.ts";

describe("prepareOpaque", () => {
  it("accepts the legal passwords of RFC 8265, table 3", () => {
    for (const text of [
      "correct horse battery staple",
      "Correct Horse Battery Staple",
      "\u03C0\u00DF\u00E5",
      "Jack of \u2666s",
    ]) {
      assert.equal(prepareOpaque(text), text);
    }
    assert.equal(prepareOpaque("foo\u1680bar"), "foo bar");
  });

  it("refuses what violates the rules in RFC 8265, table 4", () => {
    assert.equal(prepareOpaque(""), undefined);
    assert.equal(prepareOpaque("my cat is a \u0009by"), undefined);
  });

  it("refuses what is too long to be worth the work", () => {
    assert.equal(prepareOpaque("a".repeat(2046)), "a".repeat(2046));
    assert.equal(prepareOpaque("a".repeat(2047)), undefined);
    assert.equal(prepareOpaque(`a${"\u0301\u0323".repeat(100_000)}`), undefined);
  });

  it("composes, and keeps case, width and compatibility characters", () => {
    assert.equal(prepareOpaque("A\u030A\u2163\uFF21"), "\u00C5\u2163\uFF21");
  });

  it("refuses unassigned and private code points, noncharacters and lone surrogates", () => {
    for (const text of ["\u0378", "\uE000", "\uFDD0", "\uFFFF", "\uD83D", "a\u00AD", "\u200D"]) {
      assert.equal(prepareOpaque(text), undefined, JSON.stringify(text));
    }
  });
});
