import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type DerivedProperty, derivedProperty } from "./derived-property.ts";

/** By the algorithm of RFC 8264, section 8. */
const rows: Readonly<Record<DerivedProperty, string>> = {
  PVALID:
    "!~az09\u00DF\u00E9\u03C2\u0430\u0563\u05D0\u0628\u06FD\u0915\u0F0B\u3007\u3042\u4E00\uAC00\u{10400}\u{20000}",
  FREE_PVAL:
    " \u00A0\u00A2\u00AA\u00B2\u00BC\u00D7\u01C4\u01C5\u2163\u2126\u265A\uFB00\uFF21\u{1D400}\u{1F600}",
  CONTEXTJ: "\u200C\u200D",
  CONTEXTO: "\u00B7\u0375\u05F3\u05F4\u30FB\u0660\u0669\u06F0\u06F9",
  DISALLOWED:
    "\u0000\u001F\u007F\u0085\u00AD\u034F\u0640\u07FA\u1100\u115F\u200B\u2028\u302E\u3031\u3164\uD7B0\uE000\uFE0F\uFEFF\uFFF9",
  UNASSIGNED: "\u0378\u0530\u{1FFFD}",
};

describe("derivedProperty", () => {
  for (const [property, codePoints] of Object.entries(rows)) {
    it(`gives ${property}`, () => {
      for (const codePoint of codePoints) {
        assert.equal(derivedProperty(codePoint), property, codePoint.codePointAt(0)!.toString(16));
      }
    });
  }

  it("disallows noncharacters and lone surrogates", () => {
    for (const codePoint of ["\uFDD0", "\uFFFF", "\u{10FFFF}", "\uD800", "\uDFFF"]) {
      assert.equal(derivedProperty(codePoint), "DISALLOWED");
    }
  });
});
