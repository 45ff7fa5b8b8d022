import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { makeStanza, type Stanza } from "@rollcall/xmpp";
import { mereAvailability, readBroadcastPresence } from "./presence.ts";
import { presenceTypeOf } from "./presence-type.ts";

function presence(payload: string, childCount = 1): Stanza {
  return makeStanza("presence", { from: "juliet@example.com/balcony", id: "p1", payload, childCount });
}

function read(payload: string): { priority: number; payload: string } {
  const { priority, stanza } = readBroadcastPresence(presence(payload));
  return { priority, payload: stanza.payload };
}

describe("the type of presence", () => {
  it("is available where there is none, and nothing where it is unknown", () => {
    assert.equal(presenceTypeOf(undefined), "available");
    assert.equal(presenceTypeOf("probe"), "probe");
    assert.equal(presenceTypeOf("available"), undefined);
    assert.equal(presenceTypeOf(""), undefined);
  });
});

describe("the priority of broadcast presence", () => {
  it("is 0 where none is given, and the stanza stays the same object", () => {
    const stanza = presence("<show>away</show>");
    const result = readBroadcastPresence(stanza);
    assert.equal(result.priority, 0);
    assert.equal(result.stanza, stanza);
  });

  for (const [text, priority] of [
    ["5", 5],
    ["-128", -128],
    ["127", 127],
    [" 7\n", 7],
    ["+7", 7],
    ["0", 0],
  ] as const) {
    it(`is taken as it is from "${text.trim()}"`, () => {
      const payload = `<show>chat</show><priority>${text}</priority>`;
      assert.deepEqual(read(payload), { priority, payload });
    });
  }

  it("is clamped, and what is broadcast shows the value that counts", () => {
    assert.deepEqual(read("<priority>128</priority><show>dnd</show>"), {
      priority: 127,
      payload: "<priority>127</priority><show>dnd</show>",
    });
    assert.deepEqual(read("<priority>-99999999999999999999</priority>"), {
      priority: -128,
      payload: "<priority>-128</priority>",
    });
  });

  it("counts as 0 and is left out where it is not an integer", () => {
    assert.deepEqual(read("<priority>high</priority><status>here</status>"), {
      priority: 0,
      payload: "<status>here</status>",
    });
    assert.deepEqual(read("<priority/>"), { priority: 0, payload: "" });
    assert.deepEqual(read("<priority>1.5</priority>"), { priority: 0, payload: "" });
  });

  it("is the first of several", () => {
    assert.deepEqual(read("<priority>1</priority><priority>2</priority>"), {
      priority: 1,
      payload: "<priority>1</priority>",
    });
  });

  it("is not taken from other namespaces, text or deeper elements", () => {
    for (const payload of [
      '<priority xmlns="urn:other">9</priority>',
      '<x xmlns="urn:other"><priority xmlns="jabber:client">9</priority></x>',
      "<status>priority 9</status>",
    ]) {
      assert.deepEqual(read(payload), { priority: 0, payload });
    }
  });

  it("keeps extensions when it corrects a stanza", () => {
    const caps = '<c xmlns="http://jabber.org/protocol/caps" hash="sha-1" node="urn:x" ver="v"/>';
    const { stanza } = readBroadcastPresence(presence(`${caps}<priority>500</priority>`, 2));
    assert.match(stanza.payload, /<priority>127<\/priority>/);
    assert.match(stanza.payload, /<c [^>]*xmlns="http:\/\/jabber.org\/protocol\/caps"/);
    assert.equal(stanza.childCount, 2);
    assert.equal(stanza.childName, "c");
    assert.equal(stanza.id, "p1");
  });
});

describe("mere availability", () => {
  it("says who and nothing else", () => {
    const bare = mereAvailability({ ...presence("<show>away</show>"), extraAttributes: ' xmlns:a="urn:a"' });
    assert.equal(bare.payload, "");
    assert.equal(bare.extraAttributes, "");
    assert.equal(bare.childCount, 0);
    assert.equal(bare.id, "p1");
    assert.equal(bare.from, "juliet@example.com/balcony");
  });
});
