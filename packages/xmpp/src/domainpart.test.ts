import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { prepareDomain } from "./domainpart.ts";

function accepts(rows: Readonly<Record<string, string | undefined>>): void {
  for (const [text, canonical] of Object.entries(rows)) {
    assert.equal(prepareDomain(text), canonical, JSON.stringify(text));
  }
}

describe("prepareDomain", () => {
  it("lowers the case of a name of letters, digits and hyphens", () => {
    accepts({
      "Example.COM": "example.com",
      localhost: "localhost",
      "a-b.c-d.example": "a-b.c-d.example",
      "node1.k8s2": "node1.k8s2",
      "ab--c.example": undefined, // hyphens in third and fourth place are reserved
      "ab---c.example": undefined,
      "a--b.example": "a--b.example",
    });
  });

  it("gives U-labels, however the name was written", () => {
    accepts({
      "EX\u00C4MPLE.com": "ex\u00E4mple.com",
      "exa\u0308mple.com": "ex\u00E4mple.com",
      "xn--exmple-cua.com": "ex\u00E4mple.com",
      "XN--EXMPLE-CUA.com": "ex\u00E4mple.com",
      "fa\u00DF.de": "fa\u00DF.de", // not transitional
      "xn--fa-hia.de": "fa\u00DF.de",
      "\uFF45xample.com": "example.com",
      "\u4F8B\u3048\u3002\u30C6\u30B9\u30C8": "\u4F8B\u3048.\u30C6\u30B9\u30C8",
      "\u05D0\u05D1\u05D2.example": "\u05D0\u05D1\u05D2.example",
    });
  });

  it("strips one final dot", () => {
    accepts({
      "example.com.": "example.com",
      "ex\u00E4mple.com.": "ex\u00E4mple.com",
      "\u4F8B\u3048.\u30C6\u30B9\u30C8\u3002": "\u4F8B\u3048.\u30C6\u30B9\u30C8",
      "127.0.0.1.": "127.0.0.1",
      "example.com..": undefined,
      ".": undefined,
      "": undefined,
    });
  });

  it("takes addresses in one spelling and rewrites no name into one", () => {
    accepts({
      "127.0.0.1": "127.0.0.1",
      "256.1.1.1": undefined,
      "1.2.3": undefined,
      "127.0.0.01": undefined,
      "2130706433": undefined,
      "0x7f.example": "0x7f.example",
      "[::1]": "[::1]",
      "[0:0:0:0:0:0:0:1]": "[::1]",
      "[2001:DB8::00A]": "[2001:db8::a]",
      "[::ffff:192.0.2.1]": "[::ffff:c000:201]",
      "[::1": undefined,
      "[]": undefined,
      "[::1%25eth0]": undefined,
      "[1.2.3.4]": undefined,
      "::1": undefined,
      "example.com:5222": undefined,
    });
  });

  it("refuses what IDNA2008 and the DNS refuse", () => {
    accepts({
      "ex ample.com": undefined,
      "a_b.com": undefined,
      "-a.com": undefined,
      "a-.com": undefined,
      "a..com": undefined,
      ".com": undefined,
      "a\u0000.com": undefined,
      "\uD800.com": undefined,
      "a\u200Db.com": undefined,
      "\u05D0a.com": undefined, // Bidi Rule
      "\u2665.com": undefined, // symbols pass UTS 46, not IDNA2008
      "\u{1F600}.com": undefined,
      "a\u00B7b.com": undefined, // CONTEXTO
      "\u0301a.com": undefined,
      "a\u20D0.com": undefined, // IgnorableBlocks
      "xn--a.com": undefined,
      "xn--exmple-CUA\u00E4.com": undefined,
      "xn--i-7iq.com": undefined, // the A-label of a symbol
      "user@example.com": undefined,
      "example.com/x": undefined,
    });
  });

  it("holds to the lengths of the DNS", () => {
    const label = "a".repeat(63);
    accepts({
      [`${label}.com`]: `${label}.com`,
      [`a${label}.com`]: undefined,
      [`${label}.${label}.${label}.${"b".repeat(61)}`]: `${label}.${label}.${label}.${"b".repeat(61)}`,
      [`${label}.${label}.${label}.${"b".repeat(62)}`]: undefined,
      [`${"\u00E4".repeat(70)}.com`]: undefined,
      [`${"xn--".repeat(100_000)}`]: undefined,
    });
  });

  it("gives the same answer for more names than it remembers", () => {
    for (let round = 0; round < 2; round++) {
      for (let i = 0; i < 700; i++) {
        const name = `\u00E4${String.fromCharCode(97 + (i % 26))}${i}.example`;
        assert.equal(prepareDomain(name.toUpperCase()), name);
      }
    }
  });
});
