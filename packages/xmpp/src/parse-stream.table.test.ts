/**
 * Inputs on which XML parsers differ, each with the one right answer, and each cut at every byte: where the chunks
 * end must not matter.
 */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { describe, it } from "node:test";
import { collectItems, collectSplit, header } from "./collect-items.ts";
import { stanzaPayload } from "./parse-fragment.ts";
import type { StreamItem } from "./parse-stream.ts";
import type { StreamErrorCondition } from "./stream-error.ts";

/** `text`: of the body of the first stanza; `id`: of the first stanza; `error`: after the items before it. */
type Expected =
  | { readonly text: string }
  | { readonly id: string }
  | { readonly error: StreamErrorCondition }
  | { readonly stanzas: number };

type Case = readonly [title: string, input: string | Uint8Array, expected: Expected];

const body = (content: string) => `<message><body>${content}</body></message>`;
const bytes = (...parts: (string | number[])[]) =>
  Buffer.concat(parts.map((part) => (typeof part === "string" ? Buffer.from(part) : Buffer.from(part))));
const bodyBytes = (content: number[]) => bytes("<message><body>", content, "</body></message>");

const notWellFormed = { error: "not-well-formed" } as const;
const restricted = { error: "restricted-xml" } as const;

/** Everything after an ordinary stream header. */
const inContent: readonly Case[] = [
  ["01 a plain message", body("hi"), { text: "hi" }],
  ["02 a comment", "<message><!-- x --></message>", restricted],
  ["03 a processing instruction", "<message><?php x?></message>", restricted],
  ["04 a document type after the header", "<!DOCTYPE a>", restricted],
  ["06 an entity nobody defined", body("&foo;"), restricted],
  ["07 a bare & in text", body("a & b"), notWellFormed],
  ["07 a bare & before a tag", body("a &"), notWellFormed],
  ["08 tags that do not match", "<message><body>hi</message>", notWellFormed],
  ["08 an end tag that is longer", "<message><body>hi</bodyx></message>", notWellFormed],
  ["08 an end tag that is shorter", "<message><body>hi</bod></message>", notWellFormed],
  ["09 a stray end tag", "</message>", notWellFormed],
  ["10 an attribute twice", "<message id='1' id='2'/>", notWellFormed],
  ["10 an attribute of a child twice", "<message><x b='1' c='2' b='3'/></message>", notWellFormed],
  [
    "11 an attribute twice by namespace",
    "<message><x xmlns:a='u' xmlns:b='u' a:c='1' b:c='2'/></message>",
    notWellFormed,
  ],
  ["12 an attribute value without quotes", "<message id=a><body/></message>", notWellFormed],
  ["13 an attribute without value", "<message id><body/></message>", notWellFormed],
  ["14 no space between attributes", "<message id='1'to='a'/>", notWellFormed],
  ["15 a byte that is not UTF-8", bodyBytes([0xff]), { error: "unsupported-encoding" }],
  ["16 a character of three bytes", body("€"), { text: "€" }],
  ["16 a character of four bytes", body("a😀b"), { text: "a😀b" }],
  ["17 an overlong form", bodyBytes([0xc0, 0xbc]), { error: "unsupported-encoding" }],
  ["17 a surrogate in UTF-8", bodyBytes([0xed, 0xa0, 0x80]), { error: "unsupported-encoding" }],
  ["17 a character above U+10FFFF", bodyBytes([0xf4, 0x90, 0x80, 0x80]), { error: "unsupported-encoding" }],
  ["17 a character without end", bodyBytes([0xe2, 0x82]), { error: "unsupported-encoding" }],
  ["18 a control character", body("\u0001"), notWellFormed],
  ["18 a control character in an attribute", "<message id='\u0001'/>", notWellFormed],
  ["18 a control character in CDATA", body("<![CDATA[\u0001]]>"), notWellFormed],
  ["19 a reference to a control character", body("&#1;"), notWellFormed],
  ["19 a reference to half a surrogate pair", body("&#xD800;"), notWellFormed],
  ["19 a reference beyond Unicode", body("&#x110000;"), notWellFormed],
  ["20 character references", body("&#x41;&#8364;&#x1F600;"), { text: "A€😀" }],
  ["21 a character reference without digits", body("&#x;"), notWellFormed],
  ["21 a character reference with other than digits", body("&#xZZ;"), notWellFormed],
  ["21 a reference without name", body("&;"), notWellFormed],
  ["22 an element with an unbound prefix", "<message><a:b/></message>", notWellFormed],
  ["23 an attribute with an unbound prefix", "<message><b a:c='1'/></message>", notWellFormed],
  ["23 an attribute of the stanza with an unbound prefix", "<message a:c='1'/>", notWellFormed],
  ["24 a second XML declaration", "<?xml version='1.0'?><message/>", notWellFormed],
  ["25 a CDATA section", body("<![CDATA[a<b&c]]>"), { text: "a<b&c" }],
  ["26 brackets in CDATA", body("<![CDATA[a]]]]><![CDATA[>b]]>"), { text: "a]]>b" }],
  ["27 white space in an attribute", "<message id='a\n\tb'/>", { id: "a  b" }],
  ["27 CR LF in an attribute", "<message id='a\r\nb\rc'/>", { id: "a b c" }],
  ["28 references to white space in an attribute", "<message id='a&#10;&#9;b'/>", { id: "a\n\tb" }],
  ["29 a < in an attribute", "<message id='a<b'/>", notWellFormed],
  ["30 a > in an attribute", "<message id='a>b'/>", { id: "a>b" }],
  ["30 the other quotes in an attribute", `<message id='a"b'/>`, { id: 'a"b' }],
  ["31 ]]> in text", body("a]]>b"), notWellFormed],
  ["31 brackets in text", body("a]]b]>]"), { text: "a]]b]>]" }],
  ["32 white space between stanzas", " \n\t<message/>\r\n <message/> ", { stanzas: 2 }],
  ["33 text between stanzas", "<message/>x", { error: "bad-format" }],
  ["33 a reference between stanzas", "<message/>&amp;", { error: "bad-format" }],
  ["33 CDATA between stanzas", "<message/><![CDATA[]]>", { error: "bad-format" }],
  ["33 a control character between stanzas", "<message/>\u0002", notWellFormed],
  ["34 ends of line", body("a\r\nb\rc\n"), { text: "a\nb\nc\n" }],
  ["34 a reference to CR", body("a&#13;b"), { text: "a\rb" }],
  ["35 U+FFFF in text", body("\uffff"), notWellFormed],
  ["35 U+FFFE in an attribute", "<message id='\ufffe'/>", notWellFormed],
  ["35 U+FEFF in text", body("a\ufeffb"), { text: "a\ufeffb" }],
  ["36 a name that begins with a digit", "<message><1a/></message>", notWellFormed],
  ["36 a name with letters of other scripts", "<message><größe/><名前/><𐐀/></message>", { stanzas: 1 }],
  ["36 a name with a character names cannot have", "<message><a×b/></message>", notWellFormed],
  ["37 a space before a name", "<message>< a/></message>", notWellFormed],
  [
    "40 an attribute named __proto__",
    "<message __proto__='x' id='1'><body>b</body></message>",
    { text: "b" },
  ],
  ["41 an attribute after /", "<message / id='1'>", notWellFormed],
  ["42 text with a reference", body("x&lt;y"), { text: "x<y" }],
  ["the predefined entities", body("&amp;&lt;&gt;&apos;&quot;"), { text: `&<>'"` }],
  ["an entity name in capitals", body("&AMP;"), restricted],
  ["a name with two colons", "<message xmlns:a='u'><a:b:c/></message>", notWellFormed],
  ["a name that ends in a colon", "<message xmlns:a='u'><a:/></message>", notWellFormed],
  ["an empty prefix", "<message><:a/></message>", notWellFormed],
  ["a prefix bound to nothing", "<message><x xmlns:a=''/></message>", notWellFormed],
  ["no default namespace", "<message><x xmlns=''/></message>", { stanzas: 1 }],
  ["xmlns redeclared", "<message><x xmlns:xmlns='u'/></message>", notWellFormed],
  ["an element with the prefix xmlns", "<message><xmlns:x/></message>", notWellFormed],
  ["xml bound to something else", "<message><x xmlns:xml='u'/></message>", notWellFormed],
  [
    "xml bound to what it is bound to",
    "<message><x xmlns:xml='http://www.w3.org/XML/1998/namespace' xml:lang='de'/></message>",
    { stanzas: 1 },
  ],
  [
    "another prefix for the XML namespace",
    "<message><x xmlns:a='http://www.w3.org/XML/1998/namespace'/></message>",
    notWellFormed,
  ],
  [
    "the namespace of xmlns as default",
    "<message><x xmlns='http://www.w3.org/2000/xmlns/'/></message>",
    notWellFormed,
  ],
  [
    "two attributes of one local name",
    "<message><x xmlns:a='u' xmlns:b='v' a:c='1' b:c='2' c='3'/></message>",
    { stanzas: 1 },
  ],
  ["a prefix out of scope", "<message><x xmlns:a='u'/><a:y/></message>", notWellFormed],
  ["a prefix that hides another", "<message xmlns:a='u'><a:x xmlns:a='v'/><a:y/></message>", { stanzas: 1 }],
  ["white space in tags", "<message\n id = '1'\t><body\r\n></body ></message\n>", { id: "1" }],
  ["a space after </", "<message></ message>", notWellFormed],
  ["an attribute in an end tag", "<message></message id='1'>", notWellFormed],
  ["an element declaration", "<!ELEMENT a ANY>", restricted],
  ["a comment between stanzas", "<!-- x -->", restricted],
  ["markup that is none", "<message><!x></message>", notWellFormed],
  ["half a comment start", "<message><!-x></message>", notWellFormed],
  ["half a CDATA start", "<message><![CDAT[x]]></message>", notWellFormed],
  ["an XML declaration inside a stanza", "<message><?xml version='1.0'?></message>", notWellFormed],
  ["an instruction that begins like a declaration", "<message><?xml-stylesheet x?></message>", restricted],
  ["a null character", body("\0"), notWellFormed],
];

function summary(items: readonly StreamItem[], expected: Expected): Expected {
  const last = items.at(-1);
  if (last?.kind === "error") return { error: last.condition };
  const stanzas = items.flatMap((item) => (item.kind === "stanza" ? [item.stanza] : []));
  if ("text" in expected) {
    const payload = stanzas[0] === undefined ? [] : stanzaPayload(stanzas[0]);
    return { text: payload[0]?.text() ?? "no body" };
  }
  if ("id" in expected) return { id: stanzas[0]?.id ?? "no id" };
  return { stanzas: stanzas.length };
}

describe("the stream parser, wherever the chunks end,", () => {
  for (const [title, input, expected] of inContent) {
    const verb = "error" in expected ? `answers ${expected.error} to` : "accepts";
    it(`${verb} ${title}`, () => {
      const stream = bytes(header, [...Buffer.from(input as string)]);
      const whole = collectItems(stream);
      assert.deepEqual(summary(whole, expected), expected);
      assert.deepEqual(collectItems(stream, 1), whole);
      for (let cut = header.length; cut < stream.length; cut++) {
        assert.deepEqual(collectSplit(stream, cut), whole, `cut at byte ${cut - header.length}`);
      }
    });
  }
});

const streamTag = "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>";

/** The beginning of the stream: what comes instead of the header. */
const inHeader: readonly (readonly [
  title: string,
  input: string | Uint8Array,
  error: StreamErrorCondition | "accepted",
])[] = [
  [
    "05 a DTD before the root",
    `<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b 'c'>]>${streamTag}`,
    "restricted-xml",
  ],
  ["a comment before the root", `<!-- x -->${streamTag}`, "restricted-xml"],
  ["39 UTF-16 declared", `<?xml version='1.0' encoding='UTF-16'?>${streamTag}`, "unsupported-encoding"],
  ["ISO-8859-1 declared", `<?xml version='1.0' encoding="ISO-8859-1"?>${streamTag}`, "unsupported-encoding"],
  ["UTF-8 declared in small letters", `<?xml version="1.0" encoding='utf-8' ?>${streamTag}`, "accepted"],
  ["standalone yes", `<?xml version='1.0' standalone='yes'?>${streamTag}`, "accepted"],
  [
    "standalone no, which has no meaning",
    `<?xml version='1.0' encoding='UTF-8' standalone='no'?>${streamTag}`,
    "accepted",
  ],
  ["standalone maybe", `<?xml version='1.0' standalone='maybe'?>${streamTag}`, "not-well-formed"],
  ["XML 1.1", `<?xml version='1.1'?>${streamTag}`, "bad-format"],
  ["a declaration without version", `<?xml encoding='UTF-8'?>${streamTag}`, "not-well-formed"],
  [
    "a declaration with parts in wrong order",
    `<?xml encoding='UTF-8' version='1.0'?>${streamTag}`,
    "not-well-formed",
  ],
  ["an instruction instead of a declaration", `<?xsl version='1.0'?>${streamTag}`, "restricted-xml"],
  ["white space before the declaration", ` <?xml version='1.0'?>${streamTag}`, "not-well-formed"],
  ["white space before the root", ` \n${streamTag}`, "accepted"],
  ["no declaration", streamTag, "accepted"],
  ["a byte order mark, which is none in XMPP", `\ufeff${streamTag}`, "not-well-formed"],
  ["UTF-16 without declaration", Buffer.from(`<?xml version='1.0'?>`, "utf16le"), "unsupported-encoding"],
  ["a UTF-16 byte order mark", bytes([0xff, 0xfe], [0x3c, 0]), "unsupported-encoding"],
  ["another protocol", "GET / HTTP/1.1\r\n\r\n", "not-well-formed"],
  ["another document", "<html>", "invalid-namespace"],
  ["another stream namespace", "<stream:stream xmlns:stream='urn:example'>", "invalid-namespace"],
  ["an unbound prefix", "<stream:stream xmlns='jabber:client'>", "not-well-formed"],
  [
    "another prefix",
    "<s:stream xmlns='jabber:client' xmlns:s='http://etherx.jabber.org/streams'>",
    "bad-namespace-prefix",
  ],
  [
    "another root in the stream namespace",
    "<stream:features xmlns:stream='http://etherx.jabber.org/streams'>",
    "bad-format",
  ],
  ["the stream namespace as default", "<stream xmlns='http://etherx.jabber.org/streams'>", "accepted"],
  ["no content namespace", "<stream:stream xmlns:stream='http://etherx.jabber.org/streams'>", "accepted"],
  [
    "the content namespace of servers",
    "<stream:stream xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams'>",
    "invalid-namespace",
  ],
  [
    "a namespace for stanzas",
    "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' xmlns:x='urn:example'>",
    "invalid-namespace",
  ],
  [
    "a declaration of xml, which needs none",
    "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' xmlns:xml='http://www.w3.org/XML/1998/namespace'>",
    "accepted",
  ],
  [
    "a second prefix for the stream namespace",
    "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' xmlns:s='http://etherx.jabber.org/streams'>",
    "accepted",
  ],
  ["an attribute twice", streamTag.replace(">", " to='a' to='b'>"), "not-well-formed"],
  ["an end tag first", "</stream:stream>", "not-well-formed"],
  ["a root that is empty", streamTag.replace(">", "/>"), "accepted"],
];

describe("the stream parser, before the first stanza and wherever the chunks end,", () => {
  for (const [title, input, expected] of inHeader) {
    it(`${expected === "accepted" ? "accepts" : `answers ${expected} to`} ${title}`, () => {
      const stream = bytes([...Buffer.from(input as string)]);
      const whole = collectItems(stream);
      const first = whole[0];
      const got =
        first?.kind === "error" ? first.condition : first?.kind === "stream-start" ? "accepted" : "nothing";
      assert.equal(got, expected);
      assert.deepEqual(collectItems(stream, 1), whole);
      for (let cut = 1; cut < stream.length; cut++) assert.deepEqual(collectSplit(stream, cut), whole);
    });
  }
});
