import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { Element } from "./element.ts";
import { NS } from "./namespaces.ts";
import { parseFragment, stanzaPayload } from "./parse-fragment.ts";
import { serializeElement } from "./serialize-element.ts";
import { makeStanza, type Stanza } from "./stanza.ts";
import { XmlError } from "./xml-error.ts";
import { parseStanza } from "./xml-stanza.ts";

/** For comparisons: class and prefixes left out. */
function plain(node: Element | string): unknown {
  if (typeof node === "string") return node;
  return [node.name, node.namespace, [...node.attributes], node.children.map(plain)];
}

describe("a fragment", () => {
  it("is read into elements with their namespaces", () => {
    const [body, x] = parseFragment(
      `<body xml:lang='en'>a&amp;b<![CDATA[<c>]]>&#x20AC;</body> <x xmlns='urn:x'><p:y xmlns:p='urn:p' p:z='1'/></x>`,
    );
    assert.deepEqual(plain(body!), ["body", NS.client, [["xml:lang", "en"]], ["a&b<c>€"]]);
    assert.deepEqual(plain(x!), ["x", "urn:x", [], [["y", "urn:p", [["p:z", "1"]], []]]]);
  });

  it("is in the default namespace around it", () => {
    assert.equal(parseFragment("<a/>")[0]?.namespace, NS.client);
    assert.equal(parseFragment("<a/>", NS.stream)[0]?.namespace, NS.stream);
    assert.equal(parseFragment("<a/>", "")[0]?.namespace, "");
    assert.deepEqual(parseFragment(""), []);
  });

  it("gives prefixes and defaults back where they end", () => {
    const [a] = parseFragment("<a xmlns:p='1'><b xmlns='2' xmlns:p='3'><p:c/><d/></b><p:e/><f/></a>", "0");
    const [b, e, f] = a!.elements();
    assert.deepEqual(
      [...b!.elements(), e!, f!].map((child) => child.namespace),
      ["3", "2", "1", "0"],
    );
  });

  it("is refused where it is not well-formed", () => {
    for (const xml of [
      "<a>",
      "</a>",
      "<a></b>",
      "<a",
      "<",
      "<a/",
      "a &",
      "&x;",
      "&amp",
      "]]>",
      "\u0001",
      "<a b='1' b='2'/>",
      "<p:a/>",
      "<!-- -->",
      "<?x?>",
      "<![CDATA[",
      "<![CDATA[\u0001]]>",
      "<!",
      "<a b='<'/>",
      "\ud800",
      "<a b='\udc00'/>",
      "<xmlns:a/>",
      "<a></a",
      "<a></a b>",
    ]) {
      assert.throws(() => parseFragment(xml), XmlError, xml);
    }
  });

  it("may be nested as deeply as memory allows", () => {
    const depth = 20_000;
    const [outermost] = parseFragment(`${"<a>".repeat(depth)}${"</a>".repeat(depth)}`);
    let levels = 0;
    for (let level = outermost; level !== undefined; level = level.child("a")) levels++;
    assert.equal(levels, depth);
  });
});

describe("the payload of a stanza", () => {
  it("is read with the declarations of the start tag", () => {
    const stanza = parseStanza("<message xmlns:p='urn:p' a='1'><p:x/>text<body>b</body></message>") as Stanza;
    assert.deepEqual(stanzaPayload(stanza).map(plain), [
      ["x", "urn:p", [], []],
      ["body", NS.client, [], ["b"]],
    ]);
    assert.deepEqual(stanzaPayload(makeStanza("presence", {})), []);
  });
});

const anyText = fc.string({ unit: "binary", maxLength: 12 });
const legal = (text: string) => text.replace(/[^\t\n\r\x20-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, "");
const name = fc.constantFrom("a", "b", "größe", "x-1");
const namespace = fc.constantFrom(NS.client, NS.roster, "", "urn:<&\"'>", "urn:a", NS.xml);

const { node } = fc.letrec<{ node: Element }>((tie) => ({
  node: fc
    .record({
      name,
      namespace,
      attributes: fc.uniqueArray(fc.tuple(fc.constantFrom("a", "b", "xml:lang", "p:a", "q:b"), anyText), {
        selector: ([key]) => key,
        maxLength: 4,
      }),
      prefixes: fc.record({ p: fc.constantFrom("urn:p", "urn:<p>"), q: fc.constantFrom("urn:q", NS.client) }),
      children: fc.array(fc.oneof({ maxDepth: 3 }, anyText, tie("node")), { maxLength: 3 }),
    })
    .map(({ name, namespace, attributes, prefixes, children }) => {
      const used = Object.entries(prefixes).filter(([prefix]) =>
        attributes.some(([key]) => key.startsWith(`${prefix}:`)),
      );
      return new Element(name, namespace, new Map(attributes), children, new Map(used));
    }),
}));

/** What a receiver should see: without characters that XML does not have, texts joined. */
function expected(element: Element): unknown {
  const children: unknown[] = [];
  let text = "";
  const flush = () => {
    if (text !== "") children.push(text);
    text = "";
  };
  for (const child of element.children) {
    if (typeof child === "string") text += legal(child);
    else {
      flush();
      children.push(expected(child));
    }
  }
  flush();
  const attributes = [...element.attributes].map(([key, value]) => [key, legal(value)]);
  return [element.name, element.namespace, attributes, children, [...element.prefixes].sort()];
}

function withPrefixes(node: Element | string): unknown {
  if (typeof node === "string") return node;
  return [
    node.name,
    node.namespace,
    [...node.attributes],
    node.children.map(withPrefixes),
    [...node.prefixes].sort(),
  ];
}

describe("a serialised element", () => {
  it("is read back as it was, whatever it contains and wherever it stands", () => {
    fc.assert(
      fc.property(node, namespace, (element, around) => {
        const [read, ...more] = parseFragment(serializeElement(element, around), around);
        assert.deepEqual(withPrefixes(read!), expected(element));
        assert.deepEqual(more, []);
      }),
      { numRuns: 300 },
    );
  });

  it("declares namespaces only where they change", () => {
    const [query] = parseFragment(
      "<query xmlns='jabber:iq:roster'><item><group xmlns='jabber:iq:roster'/></item><x xmlns='urn:x'/></query>",
    );
    assert.equal(
      serializeElement(query!),
      `<query xmlns="jabber:iq:roster"><item><group/></item><x xmlns="urn:x"/></query>`,
    );
    assert.equal(serializeElement(query!, NS.roster).startsWith("<query><item>"), true);
  });

  it("declares prefixes of attributes once", () => {
    const [a] = parseFragment("<a xmlns:p='urn:p' p:x='1'><b p:y='2'/><c xmlns:p='urn:q' p:y='3'/></a>");
    assert.equal(
      serializeElement(a!),
      `<a xmlns:p="urn:p" p:x="1"><b p:y="2"/><c xmlns:p="urn:q" p:y="3"/></a>`,
    );
  });
});
