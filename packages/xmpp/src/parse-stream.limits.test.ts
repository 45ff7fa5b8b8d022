import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { describe, it } from "node:test";
import { collectItems, drain, header } from "./collect-items.ts";
import { type ParserLimits, type StreamItem, StreamParser } from "./parse-stream.ts";

const limits: ParserLimits = { maxStanzaBytes: 10_000, maxDepth: 10, maxAttributes: 8 };

function opened(parserLimits = limits): StreamParser {
  const parser = new StreamParser(parserLimits);
  parser.push(Buffer.from(header));
  assert.equal(parser.next()?.kind, "stream-start");
  return parser;
}

function outcome(items: readonly StreamItem[]): string {
  const last = items.at(-1);
  return last === undefined ? "nothing" : last.kind === "error" ? last.condition : last.kind;
}

/** A message of exactly `bytes` bytes. */
const messageOf = (bytes: number, fill = "x") => {
  const frame = "<message></message>".length;
  return `<message>${fill.repeat((bytes - frame) / Buffer.byteLength(fill))}</message>`;
};

describe("the limit of a stanza's size", () => {
  it("counts bytes from the first < to the last >", () => {
    for (const fill of ["x", "é", "€", "😀"]) {
      const size = Buffer.byteLength(fill);
      const fits = 19 + Math.floor((10_000 - 19) / size) * size;
      for (const chunk of [1, 999, Number.POSITIVE_INFINITY]) {
        const before = collectItems(`${header} \n${messageOf(fits, fill)}\n \n`, chunk, limits);
        assert.equal(outcome(before), "stanza", `${fill} in chunks of ${chunk}`);
        const after = collectItems(`${header}${messageOf(fits + size, fill)}`, chunk, limits);
        assert.equal(outcome(after), "policy-violation", `${fill} in chunks of ${chunk}`);
      }
    }
  });

  it("is met while a piece of the stanza is still incomplete", () => {
    for (const start of [
      "<",
      "<message ",
      "<message a='",
      "<message><body>",
      "<message><![CDATA[",
      "<message><a b='",
      "<r xmlns='urn:x'><",
    ]) {
      const parser = opened();
      let pushed = 0;
      let items: StreamItem[] = [];
      parser.push(Buffer.from(start));
      while (items.length === 0 && pushed < 20_000) {
        const chunk = Buffer.from("a".repeat(100));
        parser.push(chunk);
        pushed += chunk.length;
        items = drain(parser);
      }
      assert.equal(outcome(items), "policy-violation", start);
      assert.ok(pushed <= 10_100, `${start} after ${pushed}`);
      assert.equal(parser.buffered, 0);
    }
  });

  it("applies to each stanza by itself, also where many are buffered", () => {
    const parser = opened();
    for (let i = 0; i < 20; i++) parser.push(Buffer.from(messageOf(6000)));
    assert.equal(drain(parser).length, 20);
    assert.equal(parser.buffered, 0);
  });

  it("applies to elements that are no stanzas, to the header and to the declaration", () => {
    assert.equal(
      outcome(collectItems(`${header}<r xmlns='urn:x'>${"x".repeat(10_000)}</r>`, 500, limits)),
      "policy-violation",
    );
    assert.equal(
      outcome(collectItems(header.replace("example", "x".repeat(10_000)), 500, limits)),
      "policy-violation",
    );
    assert.equal(
      outcome(collectItems(`<?xml version='1.0${" ".repeat(20_000)}`, 500, limits)),
      "not-well-formed",
    );
  });

  it("can be raised after authentication", () => {
    const parser = opened();
    parser.setLimits({ ...limits, maxStanzaBytes: 50_000 });
    parser.push(Buffer.from(messageOf(40_000)));
    assert.equal(outcome(drain(parser)), "stanza");
  });

  it("does not count white space between stanzas, and nothing is kept of it", () => {
    const parser = opened();
    for (let i = 0; i < 100; i++) {
      parser.push(Buffer.from(" \n".repeat(1000)));
      assert.equal(parser.next(), undefined);
      assert.equal(parser.buffered, 0);
    }
    parser.push(Buffer.from("<presence/>"));
    assert.equal(outcome(drain(parser)), "stanza");
  });
});

describe("the other limits", () => {
  it("bound the depth of elements", () => {
    const nested = (depth: number) => `${"<a>".repeat(depth)}${"</a>".repeat(depth)}`;
    assert.equal(outcome(collectItems(`${header}<message>${nested(9)}</message>`, 7, limits)), "stanza");
    assert.equal(
      outcome(collectItems(`${header}<message>${nested(10)}</message>`, 7, limits)),
      "policy-violation",
    );
    assert.equal(
      outcome(collectItems(`${header}<message>${"<a>".repeat(9)}<b/>`, 7, limits)),
      "policy-violation",
    );
  });

  it("bound the number of attributes, on every tag", () => {
    const attributes = (count: number) => Array.from({ length: count }, (_, i) => ` a${i}=''`).join("");
    assert.equal(outcome(collectItems(`${header}<message${attributes(8)}/>`, 7, limits)), "stanza");
    assert.equal(outcome(collectItems(`${header}<message${attributes(9)}/>`, 7, limits)), "policy-violation");
    assert.equal(
      outcome(collectItems(`${header}<message><a${attributes(9)}/></message>`, 7, limits)),
      "policy-violation",
    );
    assert.equal(
      outcome(collectItems(header.replace(" to=", `${attributes(8)} to=`), 7, limits)),
      "policy-violation",
    );
  });

  it("bound the number of namespace prefixes in scope", () => {
    const wide = { maxStanzaBytes: 100_000, maxDepth: 100, maxAttributes: 100 };
    const level = (from: number) =>
      `<a${Array.from({ length: 50 }, (_, i) => ` xmlns:p${from + i}='urn:p'`).join("")}>`;
    const levels = (count: number) => Array.from({ length: count }, (_, i) => level(50 * i)).join("");
    assert.equal(
      outcome(collectItems(`${header}<message>${levels(5)}${"</a>".repeat(5)}</message>`, 1000, wide)),
      "stanza",
    );
    assert.equal(
      outcome(collectItems(`${header}<message>${levels(6)}${"</a>".repeat(6)}</message>`, 1000, wide)),
      "policy-violation",
    );
  });

  it("bound the length of a reference", () => {
    assert.equal(
      outcome(collectItems(`${header}<message>&#${"0".repeat(50)}65;</message>`, 7, limits)),
      "stanza",
    );
    assert.equal(
      outcome(collectItems(`${header}<message>&#${"0".repeat(100)}65;</message>`, 7, limits)),
      "policy-violation",
    );
    assert.equal(
      outcome(collectItems(`${header}<message>&${"a".repeat(100)}`, 7, limits)),
      "policy-violation",
    );
  });
});

describe("hostile input in chunks of 4 KiB", () => {
  const attacks: readonly (readonly [string, string, string])[] = [
    ["text without end", `<message><body>${"x".repeat(1 << 20)}`, "policy-violation"],
    ["an attribute value without end", `<message a='${"x".repeat(1 << 20)}`, "policy-violation"],
    ["a tag name without end", `<${"x".repeat(1 << 20)}`, "policy-violation"],
    ["elements nested without end", `<message>${"<a>".repeat(300_000)}`, "policy-violation"],
    ["attributes without end", `<message${" a=''".repeat(200_000)}`, "policy-violation"],
    ["white space in a tag without end", `<message${" ".repeat(1 << 20)}`, "policy-violation"],
    ["white space in an end tag without end", `<message></message${" ".repeat(1 << 20)}`, "policy-violation"],
    ["brackets in CDATA without end", `<message><![CDATA[${"]".repeat(1 << 20)}`, "policy-violation"],
    ["entities that multiply", `<!DOCTYPE a [<!ENTITY a "x"><!ENTITY b "&a;&a;">]>`, "restricted-xml"],
  ];
  for (const [title, xml, condition] of attacks) {
    it(`is refused early: ${title}`, () => {
      const parser = opened({ maxStanzaBytes: 65_536, maxDepth: 64, maxAttributes: 64 });
      const bytes = Buffer.from(xml);
      let pushed = 0;
      let items: StreamItem[] = [];
      while (items.length === 0 && pushed < bytes.length) {
        parser.push(bytes.subarray(pushed, pushed + 4096));
        pushed += 4096;
        items = drain(parser);
      }
      assert.equal(outcome(items), condition);
      assert.ok(pushed <= 65_536 + 4096);
    });
  }
});

describe("long pieces in many chunks", () => {
  const wide = { maxStanzaBytes: 1 << 20, maxDepth: 64, maxAttributes: 64 };
  const long = "x".repeat(5000);
  const cases: readonly (readonly [string, string, string])[] = [
    ["a value", `<message a="${long}'>" b='${long}"'/>`, "stanza"],
    ["a value with references", `<message a="${"&amp;&#65;".repeat(800)}"/>`, "stanza"],
    [
      "a tag with long gaps",
      `<message${" ".repeat(3000)}a${" ".repeat(3000)}=${" ".repeat(3000)}'b'/>`,
      "stanza",
    ],
    ["a long name", `<message><${long}></${long}></message>`, "stanza"],
    ["an end tag with a long gap", `<message></message${" ".repeat(5000)}>`, "stanza"],
    ["an end tag of another long name", `<message><${long}></${long}y></message>`, "not-well-formed"],
    ["CDATA", `<message><![CDATA[${"]>".repeat(3000)}]]]></message>`, "stanza"],
    ["a bad character in CDATA", `<message><![CDATA[${long}\u0001]]></message>`, "not-well-formed"],
    ["a bad character in a value", `<message a='${long}\u0001'/>`, "not-well-formed"],
    ["a < in a value", `<message a='${long}<'/>`, "not-well-formed"],
    ["a tag wrong at its end", `<message a='${long}' b></message>`, "not-well-formed"],
    ["many small elements", `<message>${"<a b='c'>&lt;</a>".repeat(500)}</message>`, "stanza"],
    ["a long name of a first-level element", `<${long} xmlns='urn:x'>${long}</${long}>`, "element"],
    ["a long end of the stream", `</stream:stream${" ".repeat(5000)}>`, "stream-end"],
  ];
  for (const [title, xml, expected] of cases) {
    it(`read the same as in one: ${title}`, () => {
      const whole = collectItems(header + xml, Number.POSITIVE_INFINITY, wide);
      assert.equal(outcome(whole), expected);
      for (const chunk of [1, 2, 3, 100, 1500]) {
        assert.deepEqual(collectItems(header + xml, chunk, wide), whole, `chunks of ${chunk}`);
      }
    });
  }

  it("are read too where several chunks arrive before anybody asks", () => {
    const parser = opened(wide);
    parser.push(Buffer.from(`<message a='${long}`));
    assert.equal(parser.next(), undefined);
    for (const chunk of ["x", "'/>", " ", "\n"]) parser.push(Buffer.from(chunk));
    assert.equal(outcome(drain(parser)), "stanza");
  });

  it("are read too where the header is one of them", () => {
    const parser = new StreamParser(wide);
    const longHeader = header.replace("to=", `other='${long}' to=`);
    parser.push(Buffer.from(longHeader.slice(0, 4000)));
    assert.equal(parser.next(), undefined);
    parser.push(Buffer.from(longHeader.slice(4000)));
    assert.equal(parser.next()?.kind, "stream-start");
    parser.push(Buffer.from("text"));
    assert.equal(outcome(drain(parser)), "bad-format");
  });

  it("that are wrong are noticed without waiting for their end", () => {
    const parser = opened(wide);
    parser.push(Buffer.from(`<message a='${long}' `));
    assert.equal(parser.next(), undefined);
    let chunks = 0;
    let items: StreamItem[] = [];
    while (items.length === 0 && chunks < 1000) {
      parser.push(Buffer.from("\u0001"));
      items = drain(parser);
      chunks++;
    }
    assert.equal(outcome(items), "not-well-formed");
    assert.ok(chunks <= 256);
  });
});
