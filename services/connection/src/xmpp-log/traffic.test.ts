import assert from "node:assert/strict";
import { test } from "node:test";
import { escapeAttribute, makeStanza, serializeStanza, streamClose, streamErrorXml } from "@rollcall/xmpp";
import fc from "fast-check";
import { receivedTraffic, sentTraffic, type Traffic } from "./traffic.ts";

const remote = () => "192.0.2.7:50000";

function sent(text: string): Traffic[] {
  const all: Traffic[] = [];
  sentTraffic(text, "juliet@e/r", remote, (traffic) => all.push(traffic));
  return all;
}

/** Without what is a function. */
function heads(all: readonly Traffic[]): unknown[] {
  return all.map(({ kind, to, from, id, type }) => [kind, to, from, id, type]);
}

test("the sender of a received stanza is the session, whatever the client wrote", () => {
  const stanza = makeStanza("message", { from: "tybalt@e", to: "romeo@e", id: "1" });
  const traffic = receivedTraffic(stanza, "juliet@e/r", remote);
  assert.deepEqual(heads([traffic]), [["message", "romeo@e", "juliet@e/r", "1", undefined]]);
  assert.equal(traffic.xml(), serializeStanza(stanza));
});

test("stanzas of one text are told apart, whatever is inside of them", () => {
  const texts = [
    `<message from="a@e/1" to="b@e" type="chat" id="1"><body>&lt;iq> <![CDATA[</message><iq>]]></body></message>`,
    `<presence from='a@e/1' to='b@e' xmlns:x='y' x:id='no'/>`,
    `<iq type="result" id="2" to="b@e"><query xmlns="q"><item a="/>" b='</iq>'/><iq id="inner"></iq></query></iq>`,
  ];
  const all = sent(texts.join("\n "));
  assert.deepEqual(heads(all), [
    ["message", "b@e", "a@e/1", "1", "chat"],
    ["presence", "b@e", "a@e/1", undefined, undefined],
    ["iq", "b@e", undefined, "2", "result"],
  ]);
  assert.deepEqual(
    all.map(({ xml }) => xml()),
    texts,
  );
});

test("the end of a stream goes to the session, with the error before it", () => {
  const all = sent(streamErrorXml("conflict", "replaced") + streamClose);
  assert.deepEqual(heads(all), [
    ["error", "juliet@e/r", undefined, undefined, undefined],
    ["stream", "juliet@e/r", undefined, undefined, undefined],
  ]);
});

test("what the serializer writes is read back", () => {
  const value = fc.string({ unit: fc.constantFrom(..."ab>/<&'\"= \n\t\r;é💌".match(/./gsu)!) });
  fc.assert(
    fc.property(value, value, value, (to, id, body) => {
      const stanza = makeStanza("message", {
        to,
        id,
        payload: `<body a="${escapeAttribute(to)}">${escapeAttribute(body)}</body>`,
      });
      const text = serializeStanza(stanza);
      const all = sent(text + text);
      assert.deepEqual(heads(all), [
        ["message", to, undefined, id, undefined],
        ["message", to, undefined, id, undefined],
      ]);
      assert.equal(all[1]!.xml(), text);
    }),
  );
});
