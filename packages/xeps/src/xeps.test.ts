import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { makeStanza, NS, type Stanza, serializeStanza } from "@rollcall/xmpp";
import {
  dateTime,
  discoInfoResult,
  discoItemsResult,
  discoNode,
  isDiscoInfoRequest,
  isDiscoItemsRequest,
  isKeptOffline,
  isLastActivityRequest,
  isPing,
  isVersionRequest,
  lastActivityResult,
  pingResult,
  versionResult,
  withDelay,
} from "./index.ts";

const juliet = "juliet@example.com/balcony";

function get(name: string, namespace: string, attributes = ""): Stanza {
  return makeStanza("iq", {
    type: "get",
    id: "q1",
    from: juliet,
    to: "example.com",
    payload: `<${name} xmlns="${namespace}"${attributes}/>`,
    childName: name,
    childNamespace: namespace,
  });
}

function answerOf(result: Stanza): string {
  return serializeStanza(result);
}

const start = `<iq from="example.com" to="${juliet}" type="result" id="q1"`;

describe("ping", () => {
  it("is answered with an empty result", () => {
    const ping = get("ping", NS.ping);
    assert.ok(isPing(ping));
    assert.equal(answerOf(pingResult(ping)), `${start}/>`);
  });

  it("is a get, not a set", () => {
    assert.equal(isPing({ ...get("ping", NS.ping), type: "set" }), false);
    assert.equal(isPing(get("ping", "urn:other")), false);
  });
});

describe("software version", () => {
  it("names the software and, if wanted, the system", () => {
    const request = get("query", NS.version);
    assert.ok(isVersionRequest(request));
    assert.equal(
      answerOf(versionResult(request, { name: "Roll & call", version: "1" })),
      `${start}><query xmlns="jabber:iq:version"><name>Roll &amp; call</name><version>1</version></query></iq>`,
    );
    assert.match(answerOf(versionResult(request, { name: "R", version: "1", os: "Unix" })), /<os>Unix<\/os>/);
  });
});

describe("last activity", () => {
  it("is told in whole seconds, with the status where there is one", () => {
    const request = get("query", NS.lastActivity);
    assert.ok(isLastActivityRequest(request));
    assert.equal(
      answerOf(lastActivityResult(request, { seconds: 12.9 })),
      `${start}><query xmlns="jabber:iq:last" seconds="12"/></iq>`,
    );
    assert.equal(
      answerOf(lastActivityResult(request, { seconds: -3, status: "a < b" })),
      `${start}><query xmlns="jabber:iq:last" seconds="0">a &lt; b</query></iq>`,
    );
  });
});

describe("service discovery", () => {
  it("lists identities and features", () => {
    const request = get("query", NS.discoInfo);
    assert.ok(isDiscoInfoRequest(request));
    assert.equal(discoNode(request), undefined);
    assert.equal(
      answerOf(
        discoInfoResult(request, {
          identities: [{ category: "server", type: "im", name: "R" }],
          features: [NS.discoInfo],
        }),
      ),
      `${start}><query xmlns="${NS.discoInfo}"><identity category="server" type="im" name="R"/>` +
        `<feature var="${NS.discoInfo}"/></query></iq>`,
    );
  });

  it("lists items, also none", () => {
    const request = get("query", NS.discoItems);
    assert.ok(isDiscoItemsRequest(request));
    assert.equal(answerOf(discoItemsResult(request, [])), `${start}><query xmlns="${NS.discoItems}"/></iq>`);
    assert.match(
      answerOf(discoItemsResult(request, [{ jid: juliet }])),
      /<item jid="juliet@example.com\/balcony"\/>/,
    );
  });

  it("sees the node of a request", () => {
    assert.equal(discoNode(get("query", NS.discoInfo, ' node="urn:x"')), "urn:x");
  });
});

describe("delayed delivery", () => {
  it("adds when the server got the stanza, after everything else", () => {
    const message = makeStanza("message", {
      payload: "<body>hi</body>",
      childName: "body",
      childNamespace: NS.client,
    });
    const delayed = withDelay(message, 1_031_699_305_000, "example.com");
    assert.equal(
      delayed.payload,
      '<body>hi</body><delay xmlns="urn:xmpp:delay" from="example.com" stamp="2002-09-10T23:08:25.000Z"/>',
    );
    assert.equal(delayed.childCount, 2);
    assert.equal(delayed.childName, "body");
    assert.equal(withDelay(makeStanza("presence", {}), 0, "a").childName, "delay");
  });

  it("writes UTC with milliseconds", () => {
    assert.equal(dateTime(0), "1970-01-01T00:00:00.000Z");
  });
});

describe("offline storage", () => {
  const kept = (payload: string, childCount = 1): boolean =>
    isKeptOffline(makeStanza("message", { type: "chat", payload, childCount }));
  const composing = '<composing xmlns="http://jabber.org/protocol/chatstates"/>';

  it("keeps what has content, with or without a body", () => {
    assert.ok(kept("<body>hi</body>"));
    assert.ok(kept("<subject>hi</subject>"));
    assert.ok(kept('<received xmlns="urn:xmpp:receipts" id="m1"/>'));
    assert.ok(kept(`<body>hi</body>${composing}`, 2));
  });

  it("skips chat states and messages without children", () => {
    assert.ok(!kept(composing));
    assert.ok(!kept(`<thread>t</thread>${composing}`, 2));
    assert.ok(!kept("", 0));
  });

  it("follows the hints of the sender", () => {
    assert.ok(!kept('<body>hi</body><no-store xmlns="urn:xmpp:hints"/>', 2));
    assert.ok(!kept('<body>hi</body><no-permanent-store xmlns="urn:xmpp:hints"/>', 2));
    assert.ok(kept(`${composing}<store xmlns="urn:xmpp:hints"/>`, 2));
  });
});
