import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { describe, it } from "node:test";
import { type BidiClass, bidiClass } from "./bidi-class.ts";
import { satisfiesBidiRule } from "./bidi-rule.ts";
import { derivedProperty } from "./derived-property.ts";

/** Expressions that tr46 generates from the Unicode data; not part of its public interface, so for this check only. */
const data: Readonly<Record<string, RegExp>> = createRequire(import.meta.url)("tr46/lib/regexes.js");

function classByTr46(codePoint: string): BidiClass {
  if (data.bidiS1LTR!.test(codePoint)) return "L";
  if (data.bidiS1RTL!.test(codePoint)) return "R";
  if (data.bidiS4AN!.test(codePoint)) return "AN";
  if (data.bidiS4EN!.test(codePoint)) return "EN";
  return data.bidiS3!.test(`\u05D0${codePoint}`) ? "NSM" : "neutral";
}

describe("bidiClass", () => {
  it("agrees with the Unicode data on every code point of the IdentifierClass", () => {
    for (let value = 0; value < 0x110000; value++) {
      const codePoint = String.fromCodePoint(value);
      if (!/^(?:PVALID|CONTEXT[JO])$/.test(derivedProperty(codePoint))) continue;
      const expected = classByTr46(codePoint);
      if (bidiClass(codePoint) !== expected) assert.equal(bidiClass(codePoint), expected, value.toString(16));
    }
  });
});

describe("satisfiesBidiRule", () => {
  it("does not bind strings without right-to-left code points", () => {
    for (const text of ["abc", "1a", "-", "a\u05B0", "\u4E00"]) assert.ok(satisfiesBidiRule(text));
  });

  it("accepts right-to-left strings that start and end as the rule says", () => {
    for (const text of [
      "\u05D0",
      "\u05D0\u05B0",
      "\u0628\u0661",
      "\u05D01",
      "\u05D0-\u05D1",
      "\u05D0-1\u05B0",
    ]) {
      assert.ok(satisfiesBidiRule(text), JSON.stringify(text));
    }
  });

  it("refuses each of the conditions that is broken", () => {
    const broken = {
      "1, starts with a number": "1\u05D0",
      "1, starts with a mark": "\u05B0\u05D0",
      "1, starts with an Arabic number": "\u0661\u05D0",
      "2, a letter of the other direction": "\u05D0a\u05D0",
      "3, ends neutral": "\u05D0-",
      "3, ends neutral before a mark": "\u05D0-\u05B0",
      "4, European and Arabic numbers": "\u05D01\u0661",
      "5, starts left to right": "a\u05D0",
      "5, an Arabic number after a Latin letter": "a\u0661",
    };
    for (const [condition, text] of Object.entries(broken)) assert.ok(!satisfiesBidiRule(text), condition);
  });
});
