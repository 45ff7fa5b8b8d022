import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { enforceUsernameCaseMapped } from "./username-case-mapped.ts";

describe("enforceUsernameCaseMapped", () => {
  it("accepts the legal userparts of RFC 8265, table 1", () => {
    for (const text of ["juliet@example.com", "fussball", "fu\u00DFball", "\u03C0", "\u03C3", "\u03C2"]) {
      assert.equal(enforceUsernameCaseMapped(text), text);
    }
    assert.equal(enforceUsernameCaseMapped("\u03A3"), "\u03C3");
  });

  it("refuses what violates the rules in RFC 8265, table 2", () => {
    for (const text of ["foo bar", "", "henry\u2163", "\u221E"]) {
      assert.equal(enforceUsernameCaseMapped(text), undefined, JSON.stringify(text));
    }
  });

  it("refuses halfwidth Hangul, which maps to compatibility jamo", () => {
    assert.equal(enforceUsernameCaseMapped("\uFFA1\uFFC2"), undefined);
    assert.equal(enforceUsernameCaseMapped("\uFFA0"), undefined);
  });

  it("gives every single code point a fixed point, or nothing", () => {
    for (let codePoint = 0; codePoint < 0x30000; codePoint++) {
      const enforced = enforceUsernameCaseMapped(String.fromCodePoint(codePoint));
      if (enforced !== undefined) assert.equal(enforceUsernameCaseMapped(enforced), enforced);
    }
  });
});
