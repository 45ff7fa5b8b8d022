import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { escapeAttribute, escapeText, makeStanza, serializeStanza, stanzaHalves } from "./stanza.ts";
import { parseStanza } from "./xml-stanza.ts";

describe("a stanza as XML", () => {
  it("is read back as it was", () => {
    const field = fc.option(fc.string({ unit: "grapheme", maxLength: 10 }), { nil: undefined });
    fc.assert(
      fc.property(
        fc.constantFrom("message", "presence", "iq"),
        fc.record({ type: field, to: field, from: field, id: field, lang: field }),
        fc.string({ unit: "grapheme" }),
        (kind, parts, text) => {
          const child = { childName: "body", childNamespace: "jabber:client" };
          const stanza = makeStanza(kind as "iq", {
            ...parts,
            ...child,
            payload: `<body>${escapeText(text)}</body>`,
          });
          assert.deepEqual(parseStanza(serializeStanza(stanza)), stanza);
        },
      ),
      { numRuns: 200 },
    );
  });

  it("is the same in two halves around its address", () => {
    const stanza = makeStanza("presence", {
      from: "a@b/c",
      to: `x@y/"&'`,
      id: "1",
      payload: "<show>away</show>",
    });
    const { before, after } = stanzaHalves(stanza);
    assert.equal(before + escapeAttribute(stanza.to!) + after, serializeStanza(stanza));
  });

  it("is nothing else than one stanza of jabber:client", () => {
    for (const xml of [
      "",
      "<",
      "text",
      "<message>",
      "<message/>x",
      "<message/><message/>",
      " <message/>",
      "<r xmlns='urn:x'/>",
      "<message xmlns='jabber:server'/>",
      "<!-- -->",
      "<?xml version='1.0'?><message/>",
      "</message>",
      "<message><body></message>",
      "<message>&foo;</message>",
      "<message>\ud800</message>",
      "<query/>",
    ]) {
      assert.equal(parseStanza(xml), undefined, xml);
    }
  });
});

describe("escaping", () => {
  it("leaves ordinary text alone, in any script", () => {
    assert.equal(escapeText("größe 名前 😀\t\n"), "größe 名前 😀\t\n");
    assert.equal(escapeAttribute("größe 名前 😀"), "größe 名前 😀");
  });

  it("keeps white space that XML would change", () => {
    assert.equal(escapeAttribute("\t\n\r"), "&#9;&#10;&#13;");
    assert.equal(escapeText("\r"), "&#13;");
  });

  it("leaves out what XML does not allow", () => {
    assert.equal(escapeText("a\0\u0001\ufffe\uffffb\ud800c\udc00\ud800"), "abc");
    assert.equal(escapeAttribute("a\0\u0001\ufffe\uffffb\ud800c\udc00😀\ud800"), "abc😀");
  });

  it("cannot be broken out of", () => {
    assert.equal(escapeText("]]><a>&amp;"), "]]&gt;&lt;a&gt;&amp;amp;");
    assert.equal(escapeAttribute(`"'><a b="&`), "&quot;&apos;&gt;&lt;a b=&quot;&amp;");
  });
});
