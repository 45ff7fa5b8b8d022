import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { describe, it } from "node:test";
import fc from "fast-check";
import { bareOf, makeFull, parseJid, prepareLocal, prepareResource, resourceOf } from "./jid.ts";

/** `undefined` for what is not a JID. */
function accepts(rows: Readonly<Record<string, string | undefined>>): void {
  for (const [text, canonical] of Object.entries(rows)) {
    assert.equal(parseJid(text)?.full, canonical, JSON.stringify(text));
  }
}

describe("parseJid", () => {
  it("gives the parts in canonical form", () => {
    assert.deepEqual(parseJid("Juliet@Example.COM/Foo"), {
      local: "juliet",
      domain: "example.com",
      resource: "Foo",
      bare: "juliet@example.com",
      full: "juliet@example.com/Foo",
    });
    assert.deepEqual(parseJid("Example.com"), {
      local: "",
      domain: "example.com",
      resource: "",
      bare: "example.com",
      full: "example.com",
    });
  });

  it("accepts the legal JIDs of RFC 7622, table 1", () => {
    accepts({
      "juliet@example.com": "juliet@example.com",
      "juliet@example.com/foo": "juliet@example.com/foo",
      "juliet@example.com/foo bar": "juliet@example.com/foo bar",
      "juliet@example.com/foo@bar": "juliet@example.com/foo@bar",
      "foo\\20bar@example.com": "foo\\20bar@example.com",
      "fussball@example.com": "fussball@example.com",
      "fu\u00DFball@example.com": "fu\u00DFball@example.com",
      "\u03C0@example.com": "\u03C0@example.com",
      "\u03A3@example.com/foo": "\u03C3@example.com/foo",
      "\u03C3@example.com/foo": "\u03C3@example.com/foo",
      "\u03C2@example.com/foo": "\u03C2@example.com/foo",
      "king@example.com/\u265A": "king@example.com/\u265A",
      "example.com": "example.com",
      "example.com/foobar": "example.com/foobar",
      "a.example.com/b@example.net": "a.example.com/b@example.net",
    });
  });

  it("refuses what violates the rules in RFC 7622, table 2", () => {
    accepts({
      '"juliet"@example.com': undefined,
      "foo bar@example.com": undefined,
      "juliet@example.com/ foo": undefined,
      "@example.com/": undefined,
      "henry\u2163@example.com": undefined,
      "\u265A@example.com": undefined,
      "juliet@": undefined,
      "/foobar": undefined,
    });
  });

  it("maps a localpart to lower case, normal width and NFC", () => {
    accepts({
      "\uFF4Auliet@example.com": "juliet@example.com",
      "\uFF2A\uFF35LIET@example.com": "juliet@example.com",
      "u\u0308ber@example.com": "\u00FCber@example.com",
      "\u212Bngstr\u00F6m@example.com": "\u00E5ngstr\u00F6m@example.com",
      "\uFF76\uFF9E@example.com": "\u30AC@example.com", // halfwidth KA and voiced mark: GA
      "\u1100\u1161@example.com": "\uAC00@example.com", // conjoining jamo: one syllable
      "i\u0307x@example.com": "i\u0307x@example.com",
      "\u0130X@example.com": "i\u0307x@example.com",
    });
  });

  it("lowers a sigma to σ wherever it stands", () => {
    accepts({
      "\u03A3\u0391\u03A3@example.com": "\u03C3\u03B1\u03C3@example.com",
      "\u03C3\u03B1\u03C2@example.com": "\u03C3\u03B1\u03C2@example.com",
    });
  });

  it("refuses what the IdentifierClass or XMPP excludes from a localpart, and escapes nothing", () => {
    for (const character of "\"&':<>\u0000\u001F\u007F\u00A0\u200B\uFE0F\uFFFE\u{E0001}\u0378") {
      assert.equal(parseJid(`a${character}b@example.com`), undefined, JSON.stringify(character));
    }
    accepts({
      'a"b@example.com': undefined,
      "a b@example.com": undefined,
      "d'artagnan@example.com": undefined,
      "\u05D0a@example.com": undefined, // Bidi Rule
      "a\u200Db@example.com": undefined, // CONTEXTJ
      "a\u00B7b@example.com": undefined, // CONTEXTO
      "u\uD800@example.com": undefined,
      "a\uFF20b@example.com": undefined, // fullwidth commercial at
      "a\uFF0Fb@example.com": undefined, // fullwidth solidus
      "\u1112\u119E\u11AB@example.com": undefined, // old jamo that compose to nothing
    });
  });

  it("refuses an empty part", () => {
    accepts({
      "": undefined,
      "@": undefined,
      "/": undefined,
      "@example.com": undefined,
      "user@": undefined,
      "user@/resource": undefined,
      "user@example.com/": undefined,
      "example.com/": undefined,
    });
  });

  it("cuts at the first / and the first @ before it", () => {
    accepts({
      "user@example.com/a/b@c": "user@example.com/a/b@c",
      "user@host@example.com": undefined,
      "user/x@example.com": "user/x@example.com", // the domain "user" and a resource
    });
  });

  it("keeps a resourcepart apart from NFC and unusual spaces", () => {
    accepts({
      "user@example.com/Home": "user@example.com/Home",
      "user@example.com/\uFF28ome": "user@example.com/\uFF28ome",
      "user@example.com/\u212Bngstr\u00F6m": "user@example.com/\u00C5ngstr\u00F6m",
      "user@example.com/x\u00A0y": "user@example.com/x y",
      "user@example.com/\u00A0y": undefined,
      "user@example.com/foo\u0001": undefined,
      "user@example.com/foo\uDC00": undefined,
      "user@example.com/foo\uE000": undefined, // private use
    });
  });

  it("refuses a part of more than 1023 bytes of UTF-8", () => {
    for (const make of [
      (part: string) => `${part}@example.com`,
      (part: string) => `user@example.com/${part}`,
    ]) {
      assert.ok(parseJid(make("a".repeat(1023))));
      assert.equal(parseJid(make("a".repeat(1024))), undefined);
      assert.ok(parseJid(make("\u00E4".repeat(511))));
      assert.equal(parseJid(make("\u00E4".repeat(512))), undefined);
      assert.equal(parseJid(make("\u00E4".repeat(100_000))), undefined);
    }
    const decomposed = "e\u0302\u0301".repeat(341); // U+1EBF, three bytes
    assert.equal(parseJid(`${decomposed}@example.com`)?.local, "\u1EBF".repeat(341));
  });
});

describe("bareOf, resourceOf, makeFull", () => {
  it("take a canonical JID apart and put it together", () => {
    const jid = parseJid("juliet@example.com/a/b")!;
    assert.equal(bareOf(jid.full), "juliet@example.com");
    assert.equal(resourceOf(jid.full), "a/b");
    assert.equal(makeFull(jid.bare, jid.resource), jid.full);
    assert.equal(bareOf(jid.bare), jid.bare);
    assert.equal(resourceOf(jid.bare), "");
  });
});

/** Text of characters that the rules treat differently, mixed with any other. */
const awkward = fc.string({
  unit: fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(..."aZ9-._@/ ") },
    {
      weight: 4,
      arbitrary: fc.constantFrom(
        ..."\u03A3\u03C2\u0130\u0131\u00DF\u1E9E\u212A\u212B\u0345\u0307\u0301\u0327\u1FB3\u01C5\uFF21\uFF76\uFF9E",
        ..."\u05D0\u05B0\u0628\u0660\u06F0\u200C\u200D\u094D\u0915\u00B7\u30FB\u30A2\u1100\u1161\u3000\u2126",
      ),
    },
    { weight: 1, arbitrary: fc.string({ unit: "binary", minLength: 1, maxLength: 1 }) },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)) },
  ),
  maxLength: 12,
});

describe("canonical forms", () => {
  it("are fixed points", () => {
    fc.assert(
      fc.property(awkward, (text) => {
        const local = prepareLocal(text);
        if (local !== undefined) assert.equal(prepareLocal(local), local);
        const resource = prepareResource(text);
        if (resource !== undefined) assert.equal(prepareResource(resource), resource);
      }),
      { numRuns: 2000 },
    );
  });

  it("may have a joiner behind a virama", () => {
    assert.equal(parseJid("\u0915\u094D\u200D@example.com")?.local, "\u0915\u094D\u200D");
  });

  it("parse to themselves, and are safe as keys", () => {
    fc.assert(
      fc.property(awkward, awkward, awkward, fc.nat(3), (local, domain, resource, form) => {
        const text = [
          `${local}@${domain}/${resource}`,
          `${local}@example.com/${resource}`,
          `${local}@example.com`,
          domain,
        ][form]!;
        const jid = parseJid(text);
        if (jid === undefined) return;
        assert.deepEqual(parseJid(jid.full), jid);
        assert.equal(bareOf(jid.full), jid.bare);
        assert.equal(resourceOf(jid.full), jid.resource);
        assert.ok(Buffer.byteLength(jid.full) <= 3071);
        assert.equal(Buffer.from(jid.full).toString(), jid.full);
        // Joiners are fine where a script needs them (RFC 5892, A.1 and A.2); what is unassigned depends on the version.
        assert.doesNotMatch(jid.full, /(?![\u200C\u200D])[\p{Cc}\p{Cf}\p{Cs}\p{Co}]/u);
        assert.doesNotMatch(jid.bare, /[\s/]/u);
      }),
      { numRuns: 2000 },
    );
  });

  it("do not depend on the case of localpart and domain in letters that have one lower case", () => {
    const letters = fc.string({
      unit: fc.constantFrom(..."abcxyz09-\u00E4\u00F8\u0436\u03B4\u0561"),
      minLength: 1,
    });
    fc.assert(
      fc.property(letters, letters, letters, (local, label, resource) => {
        const lower = parseJid(`${local}@a${label}a/${resource}`);
        const upper = parseJid(`${local.toUpperCase()}@A${label.toUpperCase()}A/${resource}`);
        assert.deepEqual(upper, lower);
      }),
    );
  });

  it("are found, or not, for any text, without an exception", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 100 }), (text) => {
        parseJid(text);
      }),
    );
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 0xffff })), (units) => {
        parseJid(String.fromCharCode(...units));
      }),
    );
  });
});
