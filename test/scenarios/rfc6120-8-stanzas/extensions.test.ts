import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { befriend, story, storyServer } from "@rollcall/testkit";

const server = await storyServer();

const content =
  `<body>a &lt; b &amp;&amp; c &gt; d "e" 'f' größe 名前 😀</body>` +
  `<x xmlns='urn:example:x' a="1" b='"'><y/><z xmlns='urn:example:z'><y xmlns=''/></z></x>` +
  `<p:q xmlns:p='urn:example:p' p:r='s'><p:t>u</p:t></p:q>` +
  `<d xmlns='urn:example:d'><![CDATA[<raw> & ]]></d>`;

describe("extensions", () => {
  test(
    "that the server does not know come through as they were written, prefixes included",
    story(server, ["romeo", "juliet"], async ({ romeo, juliet }) => {
      await befriend(romeo, juliet);
      const balcony = await juliet.online("balcony");
      const orchard = await romeo.online("orchard");
      await balcony.receive("presence", { from: orchard.full });
      const written = (): string => Buffer.from(balcony.wire.received, "latin1").toString("utf8");
      for (const [kind, xml] of [
        ["message", `<message to='${balcony.full}' id='x'>${content}</message>`],
        [
          "iq",
          `<iq type='set' to='${balcony.full}' id='x'>${content.slice(content.indexOf("<x"), content.indexOf("<p:q"))}</iq>`,
        ],
        ["presence", `<presence id='x'>${content}</presence>`],
        ["presence", `<presence to='${balcony.full}' id='x'>${content}</presence>`],
      ] as const) {
        const before = written().length;
        orchard.send(xml);
        const stanza = await balcony.receive(kind, { id: "x", from: orchard.full });
        const inner = xml.slice(xml.indexOf(">") + 1, xml.lastIndexOf("</"));
        assert.ok(written().slice(before).includes(inner), written().slice(before));
        assert.equal(stanza.namespace, "jabber:client");
        assert.equal(stanza.child("x")?.namespace, "urn:example:x");
        if (kind !== "iq") assert.equal(stanza.child("q")?.namespace, "urn:example:p");
      }
    }),
  );

  test(
    "declared on the stanza keep their declarations, and foreign attributes stay",
    story(server, ["romeo", "juliet"], async ({ romeo, juliet }) => {
      const balcony = await juliet.online("balcony");
      const orchard = await romeo.online("orchard");
      orchard.send(
        `<message xmlns:e='urn:example:e' e:mood='merry' to='${balcony.full}' id='x'><e:a/><body>x</body></message>`,
      );
      const message = await balcony.receive("message", { id: "x" });
      assert.equal(message.attributes["e:mood"], "merry");
      assert.equal(message.child("a")?.namespace, "urn:example:e");
    }),
  );

  test(
    "cannot be smuggled past the content namespace: nothing is delivered with a prefix for it",
    story(server, ["romeo", "juliet"], async ({ romeo, juliet }) => {
      const balcony = await juliet.online("balcony");
      const orchard = await romeo.online("orchard");
      orchard.send(`<message to='${balcony.full}'><c:body xmlns:c='jabber:client'>x</c:body></message>`);
      await orchard.wire.take(({ name }) => name === "error");
      await balcony.settled();
      assert.deepEqual(balcony.wire.takeAll(), []);
    }),
  );

  test(
    "unknown to the server it is sent to are ignored, or refused where an answer is due",
    story(server, ["romeo"], async ({ romeo }) => {
      const orchard = await romeo.online("orchard");
      orchard.send("<presence to='localhost'><x xmlns='urn:example:x'/></presence>");
      orchard.send("<message to='localhost' id='m'><x xmlns='urn:example:x'/></message>");
      const refusal = await orchard.receive("message", { id: "m", type: "error" });
      assert.deepEqual(refusal.error(), { condition: "service-unavailable", type: "cancel" });
      await orchard.settled();
      assert.deepEqual(orchard.wire.takeAll(), []);
    }),
  );
});

test(
  "half a stanza is nothing: it is neither delivered nor answered before its end has come",
  story(server, ["romeo", "juliet"], async ({ romeo, juliet }) => {
    const balcony = await juliet.online("balcony");
    const orchard = await romeo.online("orchard");
    orchard.send(`<message to='${balcony.full}' id='half'><body>thus with a k`);
    await balcony.settled();
    assert.deepEqual(balcony.wire.takeAll(), []);
    for (const byte of "iss</body></message>") orchard.send(byte);
    const message = await balcony.receive("message", { id: "half" });
    assert.equal(message.childText("body"), "thus with a kiss");
    orchard.send(`<message to='${balcony.full}' id='never'><body>I d`);
    orchard.wire.socket.end();
    await orchard.wire.gone();
    await balcony.settled();
    assert.deepEqual(balcony.wire.takeAll(), []);
  }),
);
