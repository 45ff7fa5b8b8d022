import assert from "node:assert/strict";
import { test } from "node:test";
import { obfuscate } from "./obfuscate.ts";

const cases: Readonly<Record<string, readonly [xml: string, obfuscated: string]>> = {
  "body, subject and thread": [
    `<message from="a@b/c" to="d@e" type="chat" id="1"><subject>Tonight</subject><body>I come</body><thread>t1</thread></message>`,
    `<message from="a@b/c" to="d@e" type="chat" id="1"><subject>*7*</subject><body>*6*</body><thread>*2*</thread></message>`,
  ],
  "a body inside of carbons, forwards and encryption": [
    `<message><received xmlns="urn:xmpp:carbons:2"><forwarded xmlns="urn:xmpp:forward:0"><message xmlns="jabber:client"><body>secret</body></message></forwarded></received></message>`,
    `<message><received xmlns="urn:xmpp:carbons:2"><forwarded xmlns="urn:xmpp:forward:0"><message xmlns="jabber:client"><body>*6*</body></message></forwarded></received></message>`,
  ],
  "XHTML-IM, also what is in its attributes": [
    `<message><html xmlns="http://jabber.org/protocol/xhtml-im"><body xmlns="http://www.w3.org/1999/xhtml"><p style="x">Come <a href="https://e/secret" title="s">here</a>!</p><img alt="secret" src="cid:1"/></body></html></message>`,
    `<message><html xmlns="http://jabber.org/protocol/xhtml-im"><body xmlns="http://www.w3.org/1999/xhtml"><p style="*1*">*5*<a href="*16*" title="*1*">*4*</a>*1*</p><img alt="*6*" src="*5*"/></body></html></message>`,
  ],
  "an invitation with its password": [
    `<message><x xmlns="jabber:x:conference" jid="room@e" password="secret" reason="secret"/></message>`,
    `<message><x xmlns="jabber:x:conference" jid="room@e" password="*6*" reason="*6*"/></message>`,
  ],
  "a change of password": [
    `<iq type="set" id="1"><query xmlns="jabber:iq:register"><username>juliet</username><password>secret</password></query></iq>`,
    `<iq type="set" id="1"><query xmlns="jabber:iq:register"><username>*6*</username><password>*6*</password></query></iq>`,
  ],
  "names and groups of a roster": [
    `<iq type="set" id="1"><query xmlns="jabber:iq:roster" ver="7"><item jid="romeo@e" name="My love" subscription="both"><group>Lovers</group></item></query></iq>`,
    `<iq type="set" id="1"><query xmlns="jabber:iq:roster" ver="7"><item jid="romeo@e" name="*7*" subscription="both"><group>*6*</group></item></query></iq>`,
  ],
  "the status of a presence, but not its show and priority": [
    `<presence><show>away</show><priority>-5</priority><status>at the tomb</status></presence>`,
    `<presence><show>away</show><priority>-5</priority><status>*11*</status></presence>`,
  ],
  "a show that is none, or is somewhere else": [
    `<presence><show>secret</show><show>1<x/>2</show><show xmlns="x">away</show><x><show>away</show></x><show><![CDATA[away]]></show></presence>`,
    `<presence><show>*6*</show><show>1<x/>*1*</show><show xmlns="x">*4*</show><x><show>*4*</show></x><show>*4*</show></presence>`,
  ],
  "a show in a message": [`<message><show>away</show></message>`, `<message><show>*4*</show></message>`],
  "CDATA, with markup that is none": [
    `<message><body>a<![CDATA[</body><show>&]]>b</body></message>`,
    `<message><body>*16*</body></message>`,
  ],
  "quotes of both kinds, with > inside": [
    `<message id='a"b>c'><x a='>secret"' b=">'secret"/><body>secret</body></message>`,
    `<message id="a&quot;b>c"><x a="*8*" b="*8*"/><body>*6*</body></message>`,
  ],
  "the end of a stream": ["</stream:stream>", "</stream:stream>"],
};

for (const [name, [xml, obfuscated]] of Object.entries(cases)) {
  test(name, () => assert.equal(obfuscate(xml), obfuscated));
}
