import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isFreeform, isIdentifier } from "./string-classes.ts";

/** RFC 5892, Appendix A. */
const rules: Readonly<Record<string, { valid: readonly string[]; invalid: readonly string[] }>> = {
  "zero width non-joiner after a virama or between joining letters": {
    valid: [
      "\u0915\u094D\u200C\u0937",
      "\u0628\u200C\u0628",
      "\u0628\u064B\u200C\u064B\u0628",
      "\u0628\u200C\u0628\u200C\u0628",
    ],
    invalid: [
      "\u200C",
      "a\u200Cb",
      "\u200C\u0628",
      "\u0628\u200C",
      "\u0627\u200C\u0628",
      "a.\u200C\u0628",
      "\u0628\u200C.",
    ],
  },
  "zero width joiner after a virama": {
    valid: ["\u0915\u094D\u200D\u0937", "\u0915\u094D\u200D"],
    invalid: [
      "\u200D",
      "a\u200Db",
      "\u0628\u200D\u0628",
      "\u094D\u200D\u0937",
      "\u{1F468}\u200D\u{1F469}",
      `\u0915${"\u094D\u200D".repeat(5)}`,
    ],
  },
  "middle dot between two l": {
    valid: ["l\u00B7l", "col\u00B7lega"],
    invalid: ["\u00B7", "l\u00B7a", "a\u00B7l", "l\u00B7", "\u00B7l"],
  },
  "Greek lower numeral sign before Greek": {
    valid: ["\u0375\u03B1"],
    invalid: ["\u0375", "\u0375a", "\u03B1\u0375"],
  },
  "geresh and gershayim after Hebrew": {
    valid: ["\u05D0\u05F3", "\u05D0\u05F4\u05D1"],
    invalid: ["\u05F3", "a\u05F3", "\u05F4\u05D0"],
  },
  "Katakana middle dot with Japanese": {
    valid: ["\u30A2\u30FB", "\u30FB\u3042", "\u30FB\u4E00"],
    invalid: ["\u30FB", "a\u30FBb"],
  },
  "one kind of Arabic digits": {
    valid: ["\u0628\u0660\u0669", "\u0628\u06F0\u06F9"],
    invalid: ["\u0628\u0660\u06F0"],
  },
};

describe("the contextual rules, in both string classes", () => {
  for (const [rule, { valid, invalid }] of Object.entries(rules)) {
    it(`allow the ${rule} only`, () => {
      for (const text of valid) {
        assert.ok(isIdentifier(text), JSON.stringify(text));
        assert.ok(isFreeform(text), JSON.stringify(text));
      }
      for (const text of invalid) {
        assert.ok(!isIdentifier(text), JSON.stringify(text));
        assert.ok(!isFreeform(text), JSON.stringify(text));
      }
    });
  }
});
