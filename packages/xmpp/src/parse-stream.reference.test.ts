/**
 * The stream parser against a general XML parser: over documents in order, damaged ones and heaps of fragments, in
 * random chunks, both accept the same and read the same. FUZZ_RUNS raises the number of each.
 */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { describe, it } from "node:test";
import fc from "fast-check";
import { drain, header } from "./collect-items.ts";
import type { Element } from "./element.ts";
import { parseFragment } from "./parse-fragment.ts";
import { StreamParser } from "./parse-stream.ts";
import { serializeStanza } from "./stanza.ts";
import { referenceParse, type Verdict } from "./testing/reference-parser.ts";

const numRuns = Number(process.env.FUZZ_RUNS ?? 400);

function parse(bytes: Uint8Array, sizes: readonly number[]): Verdict {
  const parser = new StreamParser({ maxStanzaBytes: 1_000_000, maxDepth: 1000, maxAttributes: 1000 });
  const elements: Element[] = [];
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = sizes.length === 0 ? bytes.length : sizes[turn % sizes.length]!;
    parser.push(bytes.subarray(at, at + size));
    at += size;
    for (const item of drain(parser)) {
      if (item.kind === "error") return { kind: "refused", reason: item.text };
      if (item.kind === "stream-end") return { kind: "accepted", elements };
      if (item.kind === "element") elements.push(item.element);
      if (item.kind === "stanza") elements.push(...parseFragment(serializeStanza(item.stanza)));
    }
  }
  return { kind: "refused", reason: "no end" };
}

/** Comparable form: attributes by namespace and local name, order of attributes and prefixes left out. */
function canonical(node: Element | string): unknown {
  if (typeof node === "string") return node;
  const attributes = [...node.attributes].map(([name, value]) => {
    const [prefix, local] = name.includes(":") ? name.split(":") : ["", name];
    return [prefix === "xml" || prefix === "" ? prefix : node.prefixes.get(prefix!), local, value].join(" ");
  });
  return [node.name, node.namespace, attributes.sort(), node.children.map(canonical)];
}

function assertSame(bytes: Uint8Array, sizes: readonly number[]): void {
  const expected = referenceParse(bytes);
  const got = parse(bytes, sizes);
  assert.deepEqual(got, parse(bytes, []), "chunks make a difference");
  const show = (verdict: Verdict) =>
    verdict.kind === "refused" ? `refused: ${verdict.reason}` : verdict.kind;
  if (expected.kind === "unclear") return;
  assert.equal(got.kind, expected.kind, `${show(got)}, reference ${show(expected)}`);
  if (got.kind === "accepted" && expected.kind === "accepted") {
    assert.deepEqual(got.elements.map(canonical), expected.elements.map(canonical));
  }
}

const chunkSizes = fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 5 });
const space = fc.constantFrom(" ", "  ", "\n", "\t", "\r\n", "\r");
const optionalSpace = fc.oneof({ weight: 6, arbitrary: fc.constant("") }, space);
const character = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(..."abcxyz0123 .,;:!?#/='\"") },
  fc.constantFrom("é", "€", "名", "😀", "\u0085", "\u2028", "\ufeff", "\ufffd", "\u{10ffff}", "]", "]]", ">"),
  fc.constantFrom(
    "&amp;",
    "&lt;",
    "&gt;",
    "&quot;",
    "&apos;",
    "&#65;",
    "&#x1F600;",
    "&#13;",
    "&#10;",
    "&#x9;",
    "&#0065;",
  ),
  fc.constantFrom("\n", "\r\n", "\r", "\t"),
);
const text = fc.array(character, { maxLength: 8 }).map((parts) => parts.join("").replaceAll("]]>", "]]"));
const cdata = fc
  .array(fc.oneof(character, fc.constantFrom("<", "&", "<a>", "]]")), { maxLength: 5 })
  .map((parts) => `<![CDATA[${parts.join("").replaceAll("]]>", "")}]]>`);
const localName = fc.constantFrom(
  "a",
  "b",
  "body",
  "x",
  "größe",
  "a.b-c_1",
  "名前",
  "𐐀",
  "__proto__",
  "xmlish",
);
const prefix = fc.constantFrom("", "", "", "p:", "q:", "xml:");
const value = fc
  .tuple(text, fc.constantFrom("'", '"'))
  .map(([content, quote]) => `${quote}${content.replaceAll(quote, "").replaceAll("<", "")}${quote}`);
const attribute = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .tuple(prefix, localName, optionalSpace, value)
      .map(([p, n, s, v]) => `${p}${n}${s}=${s}${v}`),
  },
  fc.constantFrom(
    "xmlns='urn:a'",
    'xmlns="urn:b"',
    "xmlns=''",
    "xmlns='jabber:client'",
    "xmlns:p='urn:p'",
    "xmlns:q='urn:p'",
    "xmlns:q='urn:q'",
    "xmlns:p='jabber:client'",
    "xmlns:stream='urn:s'",
    "stream:a='b'",
    "to='a@b/c'",
    "id='1'",
    "type='chat'",
    "xml:lang='de'",
    "from='&lt;&#10;'",
  ),
);
const attributes = fc
  .array(
    fc.tuple(space, attribute).map((parts) => parts.join("")),
    { maxLength: 4 },
  )
  .map((all) => all.join(""));

interface Level {
  readonly node: string;
}

const tag = (name: string, attrs: string, gap: string, content: string, empty: boolean) =>
  empty && content === "" ? `<${name}${attrs}${gap}/>` : `<${name}${attrs}${gap}>${content}</${name}${gap}>`;

const { node } = fc.letrec<Level>((tie) => ({
  node: fc
    .tuple(
      fc.tuple(prefix, localName).map((parts) => parts.join("")),
      attributes,
      optionalSpace,
      fc
        .array(fc.oneof({ maxDepth: 4 }, text, cdata, tie("node")), { maxLength: 4 })
        .map((parts) => parts.join("")),
      fc.boolean(),
    )
    .map(([name, attrs, gap, content, empty]) => tag(name, attrs, gap, content, empty)),
}));

const firstLevel = fc
  .tuple(
    fc.constantFrom("message", "presence", "iq", "message", "auth", "r", "p:a", "stream:error", "größe"),
    attributes,
    optionalSpace,
    fc.array(fc.oneof(text, cdata, node), { maxLength: 4 }).map((parts) => parts.join("")),
    fc.boolean(),
  )
  .map(([name, attrs, gap, content, empty]) => tag(name, attrs, gap, content, empty));

const streamHeader = fc.oneof(
  { weight: 6, arbitrary: fc.constant(header) },
  fc.constantFrom(
    "<stream xmlns='http://etherx.jabber.org/streams' xmlns:stream='http://etherx.jabber.org/streams'>",
    "<stream:stream xmlns:stream='http://etherx.jabber.org/streams'>",
    "<?xml version='1.0' encoding='utf-8' standalone='no' ?>\n<stream:stream xml:lang='en' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'\n>",
  ),
);

const document = fc
  .tuple(
    streamHeader,
    fc.array(
      fc.tuple(optionalSpace, firstLevel).map((parts) => parts.join("")),
      { maxLength: 4 },
    ),
  )
  .map(
    ([start, items]) =>
      `${start}${items.join("")}${/<stream /.test(start) ? "</stream>" : "</stream:stream>"}`,
  );

const nasty = fc.constantFrom(
  "<",
  ">",
  "/",
  "&",
  ";",
  "'",
  '"',
  "=",
  " ",
  "]",
  "]]>",
  "<!--",
  "-->",
  "<![CDATA[",
  "<?x?>",
  "<?xml version='1.0'?>",
  "<!DOCTYPE a>",
  "&amp;",
  "&#0;",
  "&#x",
  "&foo;",
  "\0",
  "\u0001",
  "\ufffe",
  "\r",
  "x",
  ":",
  "<a>",
  "</a>",
  "<a/>",
  "xmlns:p='u'",
  " xmlns='jabber:server'",
  " p:a='1'",
  " a='1'",
  "é",
  "</stream:stream>",
  "<message>",
  "</message>",
  "xmlns:xml=''",
  "\u00d7",
);

const edit = fc.record({
  at: fc.nat(),
  length: fc.integer({ min: 0, max: 6 }),
  insert: fc.oneof(nasty, fc.constant("")),
});

const damaged = fc.tuple(document, fc.array(edit, { minLength: 1, maxLength: 3 })).map(([xml, edits]) => {
  let result = xml;
  for (const { at, length, insert } of edits) {
    const start = at % (result.length + 1);
    result = result.slice(0, start) + insert + result.slice(start + (insert === "" ? length : at % 2));
  }
  return result;
});

const heap = fc
  .array(fc.oneof(nasty, firstLevel, text, attribute, optionalSpace), { maxLength: 12 })
  .map((parts) => `${header}${parts.join("")}</stream:stream>`);

describe("the stream parser and a general XML parser", () => {
  it("read documents in order alike", () => {
    let accepted = 0;
    fc.assert(
      fc.property(document, chunkSizes, (xml, sizes) => {
        const bytes = Buffer.from(xml);
        assertSame(bytes, sizes);
        if (referenceParse(bytes).kind === "accepted") accepted++;
      }),
      { numRuns },
    );
    assert.ok(accepted > numRuns / 10, `only ${accepted} of the documents were in order`);
  });

  it("accept the same of damaged documents", () => {
    fc.assert(
      fc.property(damaged, chunkSizes, (xml, sizes) => assertSame(Buffer.from(xml), sizes)),
      { numRuns },
    );
  });

  it("accept the same of heaps of fragments", () => {
    fc.assert(
      fc.property(heap, chunkSizes, (xml, sizes) => assertSame(Buffer.from(xml), sizes)),
      { numRuns },
    );
  });

  it("accept the same of damaged bytes", () => {
    fc.assert(
      fc.property(
        document,
        fc.nat(),
        fc.integer({ min: 0, max: 255 }),
        chunkSizes,
        (xml, at, byte, sizes) => {
          const bytes = Buffer.from(xml);
          bytes[at % bytes.length] = byte;
          assertSame(bytes, sizes);
        },
      ),
      { numRuns },
    );
  });
});
