import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { befriend, story, storyServer, streamHeader, Wire } from "@rollcall/testkit";
import { expectStreamError, openStream } from "../raw-stream.ts";

const server = await storyServer();
const streamTag = streamHeader("localhost").replace(/^<\?[^>]*>/, "");

describe("XML that XMPP forbids", () => {
  for (const [what, xml, condition] of [
    ["a comment", "<message><body>a<!-- b --></body></message>", "restricted-xml"],
    ["a processing instruction", "<message><?php x?></message>", "restricted-xml"],
    ["a DTD", "<!DOCTYPE lolz [<!ENTITY lol 'lol'>]>", "restricted-xml"],
    ["an entity", "<message><body>&lol;</body></message>", "restricted-xml"],
    ["an external entity in an attribute", "<message id='&xxe;'/>", "restricted-xml"],
    ["an attribute twice", "<message id='1' id='2'/>", "not-well-formed"],
    [
      "an attribute twice by namespace",
      "<message><x xmlns:a='u' xmlns:b='u' a:c='' b:c=''/></message>",
      "not-well-formed",
    ],
    ["an attribute with an unbound prefix", "<message><x a:b=''/></message>", "not-well-formed"],
    ["a < in an attribute", "<message id='<'/>", "not-well-formed"],
    ["a control character", "<message><body>\u0008</body></message>", "not-well-formed"],
    ["a reference to no character", "<message><body>&#0;</body></message>", "not-well-formed"],
    ["a second declaration", "<?xml version='1.0'?>", "not-well-formed"],
  ] as const) {
    test(
      `such as ${what} is ${condition}, and goes to nobody`,
      story(server, ["romeo", "juliet"], async ({ romeo, juliet }) => {
        const balcony = await juliet.online("balcony");
        const orchard = await romeo.online("orchard");
        orchard.send(xml.replace("<message", `<message to='${balcony.full}'`));
        await expectStreamError(orchard.wire, condition);
        await balcony.settled();
        assert.deepEqual(balcony.wire.takeAll(), []);
      }),
    );
  }

  test(
    "such as an encoding that is not UTF-8 is unsupported-encoding, and goes to nobody",
    story(server, ["romeo", "juliet"], async ({ romeo, juliet }) => {
      const balcony = await juliet.online("balcony");
      for (const bytes of [[0xff], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80]]) {
        const orchard = await romeo.online("orchard");
        const [before = "", after = ""] = `<message to='${balcony.full}'><body>|</body></message>`.split("|");
        orchard.wire.send(Buffer.concat([Buffer.from(before), Buffer.from(bytes), Buffer.from(after)]));
        await expectStreamError(orchard.wire, "unsupported-encoding");
      }
      await balcony.settled();
      assert.deepEqual(balcony.wire.takeAll(), []);
    }),
  );
});

describe("the XML declaration", () => {
  test("may be missing, or name UTF-8 in any case, or be standalone", async () => {
    for (const declaration of [
      "",
      `<?xml version="1.0"?>`,
      "<?xml version='1.0' encoding='utf-8'?>",
      "<?xml version='1.0' encoding='UTF-8' standalone='yes'?>",
      "<?xml version='1.0' standalone='no'?>\n",
    ]) {
      const { wire, features } = await openStream(server, declaration + streamTag);
      assert.ok(features.child("mechanisms"), declaration);
      wire.cut();
    }
  });

  test("is refused for other encodings and other versions, and a byte order mark is text", async () => {
    for (const [bytes, condition] of [
      [Buffer.from("<?xml version='1.0' encoding='UTF-16'?>"), "unsupported-encoding"],
      [Buffer.from(`<?xml version='1.0'?>${streamTag}`, "utf16le"), "unsupported-encoding"],
      [Buffer.from("<?xml version='1.1'?>"), "bad-format"],
      [Buffer.from(`\ufeff<?xml version='1.0'?>${streamTag}`), "not-well-formed"],
    ] as const) {
      const wire = await Wire.open(server.c2s);
      wire.send(bytes);
      await wire.header();
      await expectStreamError(wire, condition);
    }
  });

  test("of the server comes first, without standalone and without a byte order mark", async () => {
    const { wire } = await openStream(server);
    assert.ok(wire.received.startsWith(`<?xml version="1.0"?><stream:stream `));
    assert.equal(wire.received.match(/<\?/g)?.length, 1);
    wire.cut();
  });
});

test(
  "what people write in any script, with markup and odd characters, comes through well-formed and unchanged",
  story(server, ["romeo", "juliet"], async ({ romeo, juliet }) => {
    await befriend(romeo, juliet);
    const balcony = await juliet.online("balcony");
    const orchard = await romeo.online("orchard");
    const texts = [
      "<&>\"']]>",
      "größe ☕ 名前 😀 \u{10ffff}",
      "a\tb\nc",
      "\ufeffzero width",
      "\u0085\u2028",
      "--><!--",
    ];
    for (const text of texts) {
      const escaped = text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
      orchard.send(`<message to='${balcony.full}' id='t'><body>${escaped}</body></message>`);
      assert.equal((await balcony.receive("message", { id: "t" })).childText("body"), text);
      orchard.send(`<presence id='t'><status>${escaped}</status></presence>`);
      assert.equal((await balcony.receive("presence", { id: "t" })).childText("status"), text);
    }
  }),
);

test(
  "white space between stanzas is a sign of life and nothing else",
  story(server, ["romeo"], async ({ romeo }) => {
    const orchard = await romeo.online("orchard");
    for (let count = 0; count < 50; count++) orchard.send(" \r\n\t");
    await orchard.settled();
    assert.deepEqual(orchard.wire.takeAll(), []);
    assert.ok(!orchard.wire.closed);
  }),
);
