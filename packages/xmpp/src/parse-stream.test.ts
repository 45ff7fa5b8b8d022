import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { describe, it } from "node:test";
import { collectItems, drain, header, limits } from "./collect-items.ts";
import { NS } from "./namespaces.ts";
import { type StreamItem, StreamParser } from "./parse-stream.ts";
import { serializeElement } from "./serialize-element.ts";
import { type Stanza, serializeStanza } from "./stanza.ts";

function opened(start = header): StreamParser {
  const parser = new StreamParser(limits);
  parser.push(Buffer.from(start));
  assert.equal(parser.next()?.kind, "stream-start");
  return parser;
}

/** What follows an ordinary header, without the item for the header itself. */
function content(xml: string, start = header): StreamItem[] {
  return collectItems(start + xml).slice(1);
}

function stanzaOf(xml: string, start = header): Stanza {
  const [item] = content(xml, start);
  assert.equal(item?.kind, "stanza");
  return (item as { stanza: Stanza }).stanza;
}

function errorOf(items: readonly StreamItem[]): string | undefined {
  const last = items.at(-1);
  return last?.kind === "error" ? last.condition : undefined;
}

describe("a stream header", () => {
  it("is read with its attributes", () => {
    const [item] = collectItems(
      `<?xml version='1.0' encoding='UTF-8'?>\n<stream:stream from='juliet@im.example.com' to='im.example.com' version='1.0' id='x' xml:lang='de-CH' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>`,
    );
    assert.deepEqual(item, {
      kind: "stream-start",
      header: {
        from: "juliet@im.example.com",
        to: "im.example.com",
        version: "1.0",
        id: "x",
        lang: "de-CH",
        contentNamespace: "jabber:client",
      },
    });
  });

  it("may leave every attribute out", () => {
    const [item] = collectItems("<stream xmlns='http://etherx.jabber.org/streams'>");
    assert.deepEqual(item, {
      kind: "stream-start",
      header: {
        from: undefined,
        to: undefined,
        version: undefined,
        id: undefined,
        lang: undefined,
        contentNamespace: "",
      },
    });
  });
});

describe("a stanza", () => {
  it("comes with its routing header and its children as they were written", () => {
    const payload = `<body>Wherefore art&#32;thou?</body><x xmlns="jabber:x:oob"><url>u</url></x>`;
    assert.deepEqual(
      stanzaOf(
        `<message to='romeo@example.net' from="juliet@im.example.com/balcony" id='a&amp;b' type='chat' xml:lang='en'>${payload}</message>`,
      ),
      {
        kind: "message",
        type: "chat",
        to: "romeo@example.net",
        from: "juliet@im.example.com/balcony",
        id: "a&b",
        lang: "en",
        extraAttributes: "",
        payload,
        childName: "body",
        childNamespace: "jabber:client",
        childCount: 2,
      },
    );
  });

  it("may be empty, in either form", () => {
    for (const xml of ["<presence/>", "<presence></presence>", "<presence\n/>"]) {
      const stanza = stanzaOf(xml);
      assert.equal(stanza.payload, "");
      assert.equal(stanza.childCount, 0);
      assert.equal(stanza.childName, undefined);
      assert.equal(stanza.childNamespace, undefined);
    }
  });

  it("tells the first child's name and namespace, declared or by prefix", () => {
    const declared = stanzaOf("<iq type='get' id='1'><query xmlns='jabber:iq:roster'/></iq>");
    assert.deepEqual(
      [declared.childName, declared.childNamespace, declared.childCount],
      ["query", NS.roster, 1],
    );
    const prefixed = stanzaOf("<iq type='get' id='1'><p:ping xmlns:p='urn:xmpp:ping'/></iq>");
    assert.deepEqual([prefixed.childName, prefixed.childNamespace], ["ping", NS.ping]);
    const coded = stanzaOf("<iq type='get' id='1'><ping xmlns='urn:xmpp&#58;ping'/></iq>");
    assert.equal(coded.childNamespace, NS.ping);
    const none = stanzaOf("<iq type='get' id='1'><ping xmlns=''/></iq>");
    assert.equal(none.childNamespace, "");
  });

  it("counts children only, not what is inside them or between them", () => {
    assert.equal(stanzaOf("<message>x<a><b/><b/></a>y<c/><![CDATA[<d/>]]></message>").childCount, 2);
  });

  it("keeps foreign attributes and the declarations of its start tag", () => {
    const stanza = stanzaOf(
      "<message xmlns:p='urn:p' p:a='1' to='a@b' own='&lt;&#10;\"' xml:space='preserve'><p:x/></message>",
    );
    assert.equal(
      serializeStanza(stanza),
      `<message to="a@b" xmlns:p="urn:p" p:a="1" own="&lt;&#10;&quot;" xml:space="preserve"><p:x/></message>`,
    );
  });

  it("drops a declaration of jabber:client, which is understood", () => {
    const stanza = stanzaOf("<message xmlns='jabber:client' id='1'><body>x</body></message>");
    assert.equal(serializeStanza(stanza), `<message id="1"><body>x</body></message>`);
  });

  it("may declare jabber:client itself where the stream does not", () => {
    for (const start of [
      "<stream xmlns='http://etherx.jabber.org/streams'>",
      "<stream:stream xmlns:stream='http://etherx.jabber.org/streams'>",
    ]) {
      const stanza = stanzaOf("<message xmlns='jabber:client' id='1'><body>x</body></message>", start);
      assert.deepEqual([stanza.childNamespace, stanza.payload], [NS.client, "<body>x</body>"]);
    }
  });

  it("keeps CDATA, references, quotes and all scripts as they were written", () => {
    const payload = `<body a='"' b="'">&#x20AC; <![CDATA[<&]]> größe 名前 😀</body>`;
    assert.equal(stanzaOf(`<message>${payload}</message>`).payload, payload);
  });

  it("has LF only as end of line in its payload", () => {
    const stanza = stanzaOf("<message>\r\n<body\r\na='x\ry'>b\rc&#13;<![CDATA[\r\n]]></body></message>");
    assert.equal(stanza.payload, "\n<body\na='x\ny'>b\nc&#13;<![CDATA[\n]]></body>");
  });

  it("may not use a prefix of the stream header, which it would lose on its way", () => {
    for (const xml of [
      "<message><stream:error/></message>",
      "<message><x stream:a='1'/></message>",
      "<message stream:a='1'/>",
    ]) {
      assert.equal(errorOf(content(xml)), "bad-namespace-prefix", xml);
    }
    assert.equal(content("<message><stream:x xmlns:stream='urn:example'/></message>")[0]?.kind, "stanza");
  });

  it("may not have a prefix for the content namespace, on no level", () => {
    for (const xml of [
      "<c:message xmlns:c='jabber:client'/>",
      "<message xmlns:c='jabber:client'><c:body/></message>",
      "<message><x xmlns='urn:x'><c:body xmlns:c='jabber:client'/></x></message>",
    ]) {
      assert.equal(errorOf(content(xml)), "bad-namespace-prefix", xml);
    }
  });
});

describe("a first-level element that is no stanza", () => {
  it("comes as a tree", () => {
    const [item] = content(
      "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>AGp1bGlldAByMG0zMG15cjBtMzA=</auth>",
    );
    assert.equal(item?.kind, "element");
    const { element } = item as Extract<StreamItem, { kind: "element" }>;
    assert.deepEqual([element.name, element.namespace], ["auth", NS.sasl]);
    assert.equal(element.attribute("mechanism"), "PLAIN");
    assert.equal(element.text(), "AGp1bGlldAByMG0zMG15cjBtMzA=");
  });

  it("may be in the stream namespace", () => {
    const [item] = content(
      "<stream:error><conflict xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>",
    );
    const { element } = item as Extract<StreamItem, { kind: "element" }>;
    assert.deepEqual([element.name, element.namespace], ["error", NS.stream]);
    assert.equal(element.child("conflict", NS.streamErrors)?.name, "conflict");
  });

  it("may be in jabber:client or in a namespace of its own, for the caller to refuse", () => {
    for (const xml of ["<pubsub/>", "<message xmlns='urn:example'/>", "<p:message xmlns:p='urn:example'/>"]) {
      assert.equal(content(xml)[0]?.kind, "element", xml);
    }
  });

  it("is refused in another content namespace and without any", () => {
    assert.equal(errorOf(content("<message xmlns='jabber:server'/>")), "invalid-namespace");
    assert.equal(errorOf(content("<message xmlns=''/>")), "invalid-namespace");
    assert.equal(
      errorOf(content("<message/>", "<stream:stream xmlns:stream='http://etherx.jabber.org/streams'>")),
      "invalid-namespace",
    );
  });

  it("is checked as strictly as a stanza", () => {
    assert.equal(errorOf(content("<r xmlns='urn:x'><a></r>")), "not-well-formed");
    assert.equal(errorOf(content("<r xmlns='urn:x'><p:a/></r>")), "not-well-formed");
    assert.equal(errorOf(content("<r xmlns='urn:x'><!-- --></r>")), "restricted-xml");
  });

  it("has its ends of line normalised", () => {
    const [item] = content("<r xmlns='urn:x' a='1\r\n2'>x\r\ny</r>");
    const { element } = item as Extract<StreamItem, { kind: "element" }>;
    assert.equal(serializeElement(element), `<r xmlns="urn:x" a="1 2">x\ny</r>`);
  });
});

describe("the end of a stream", () => {
  it("is the end tag, in the form of the start tag", () => {
    assert.deepEqual(content("<presence/></stream:stream >").at(-1), { kind: "stream-end" });
    const start = "<stream xmlns='http://etherx.jabber.org/streams'>";
    assert.deepEqual(content("</stream>", start), [{ kind: "stream-end" }]);
    assert.equal(errorOf(content("</stream:stream>", start)), "not-well-formed");
    assert.equal(errorOf(content("</stream>")), "not-well-formed");
  });

  it("comes at once after an empty root", () => {
    const items = collectItems("<stream xmlns='http://etherx.jabber.org/streams'/>");
    assert.deepEqual(
      items.map((item) => item.kind),
      ["stream-start", "stream-end"],
    );
  });

  it("is final: what follows it never comes to light", () => {
    const parser = opened();
    parser.push(Buffer.from("</stream:stream><message/>garbage"));
    assert.deepEqual(drain(parser), [{ kind: "stream-end" }]);
    parser.push(Buffer.from("<message/>"));
    assert.deepEqual(drain(parser), []);
    assert.equal(parser.buffered, 0);
  });

  it("is final after an error too", () => {
    const parser = opened();
    parser.push(Buffer.from("<message/>x<message/>"));
    assert.deepEqual(
      drain(parser).map((item) => item.kind),
      ["stanza", "error"],
    );
    parser.push(Buffer.from("<message/>"));
    assert.equal(parser.next(), undefined);
    assert.equal(parser.buffered, 0);
  });

  it("is not the end of a stanza inside", () => {
    assert.equal(errorOf(content("<message></stream:stream>")), "not-well-formed");
  });
});

describe("the stream parser", () => {
  it("hands out one item at a time, when asked", () => {
    const parser = opened();
    parser.push(Buffer.from("<message id='1'/><message id='2'/><mess"));
    assert.equal(parser.buffered, 39);
    const first = parser.next();
    assert.equal(first?.kind === "stanza" && first.stanza.id, "1");
    assert.equal(parser.buffered, 22);
    const second = parser.next();
    assert.equal(second?.kind === "stanza" && second.stanza.id, "2");
    assert.equal(parser.next(), undefined);
    assert.equal(parser.buffered, 5);
    parser.push(Buffer.from("age id='3'/>"));
    const third = parser.next();
    assert.equal(third?.kind === "stanza" && third.stanza.id, "3");
    assert.equal(parser.buffered, 0);
  });

  it("delivers what was in order before it tells of bytes that are not UTF-8", () => {
    const parser = opened();
    parser.push(
      Buffer.concat([Buffer.from("<message/><message>é"), Buffer.from([0x80]), Buffer.from("</message>")]),
    );
    assert.deepEqual(
      drain(parser).map((item) => (item.kind === "error" ? item.condition : item.kind)),
      ["stanza", "unsupported-encoding"],
    );
  });

  it("goes on with a new header in bytes that are there already", () => {
    const parser = opened();
    const restart = header.replace("to='example.com'", "to='second.example'");
    parser.push(Buffer.from(`<response xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>\n${restart}<presence/>`));
    assert.equal(parser.next()?.kind, "element");
    parser.restart();
    const item = parser.next();
    assert.equal(item?.kind === "stream-start" && item.header.to, "second.example");
    assert.equal(parser.next()?.kind, "stanza");
  });

  it("goes on with a new header in bytes that come later", () => {
    const parser = opened();
    parser.restart();
    assert.equal(parser.next(), undefined);
    parser.push(Buffer.from(" "));
    assert.equal(parser.next(), undefined);
    parser.push(Buffer.from(header));
    assert.equal(parser.next()?.kind, "stream-start");
  });

  it("can be restarted after an error", () => {
    const parser = opened();
    parser.push(Buffer.from("x"));
    assert.equal(parser.next()?.kind, "error");
    parser.restart();
    parser.push(Buffer.from(header));
    assert.equal(parser.next()?.kind, "stream-start");
  });

  it("forgets what was sent in clear behind starttls", () => {
    const parser = opened();
    parser.push(
      Buffer.concat([
        Buffer.from(`<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/><message>injected €`),
        Buffer.from([0xe2, 0x82]),
      ]),
    );
    assert.equal(parser.next()?.kind, "element");
    assert.equal(parser.next(), undefined);
    parser.discard();
    parser.restart();
    assert.equal(parser.buffered, 0);
    assert.equal(parser.next(), undefined);
    parser.push(Buffer.from(`${header}<presence/>`));
    assert.deepEqual(
      drain(parser).map((item) => item.kind),
      ["stream-start", "stanza"],
    );
  });

  it("quotes nothing of the input in its errors", () => {
    for (const xml of [
      "<message><secret>",
      "<auth xmlns='urn:x'>secret</oops>",
      "secret",
      "<message secret='1' secret='1'/>",
    ]) {
      for (const item of content(xml))
        if (item.kind === "error") assert.doesNotMatch(item.text, /secret|oops/);
    }
  });
});
