import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { NS } from "./namespaces.ts";
import { parseFragment } from "./parse-fragment.ts";
import { makeStanza } from "./stanza.ts";
import {
  errorElementXml,
  errorReply,
  type StanzaErrorCondition,
  stanzaErrorCondition,
  stanzaErrorTypes,
} from "./stanza-error.ts";

describe("a stanza error", () => {
  it("has a default type for each of the 22 conditions", () => {
    const conditions = Object.keys(stanzaErrorTypes) as StanzaErrorCondition[];
    assert.equal(conditions.length, 22);
    for (const condition of conditions) {
      const [error] = parseFragment(errorElementXml(condition));
      assert.equal(error?.attribute("type"), stanzaErrorTypes[condition]);
      assert.deepEqual(
        error?.elements().map((child) => [child.name, child.namespace]),
        [[condition, NS.stanzaErrors]],
      );
    }
  });

  it("carries what it is given", () => {
    const [error] = parseFragment(
      errorElementXml("gone", {
        type: "wait",
        by: "example.net",
        uri: "xmpp:romeo@<afterlife>",
        text: "moved & <gone>",
        application: "<x xmlns='urn:x'/>",
      }),
    );
    assert.equal(error?.attribute("type"), "wait");
    assert.equal(error?.attribute("by"), "example.net");
    assert.equal(error?.childText("gone", NS.stanzaErrors), "xmpp:romeo@<afterlife>");
    assert.equal(error?.childText("text", NS.stanzaErrors), "moved & <gone>");
    assert.equal(error?.child("text", NS.stanzaErrors)?.attribute("xml:lang"), "en");
    assert.ok(error?.child("x", "urn:x"));
  });

  it("is undefined-condition where the condition is unknown", () => {
    assert.equal(stanzaErrorCondition("gone"), "gone");
    for (const name of ["payment-required", "toString", ""]) {
      assert.equal(stanzaErrorCondition(name), "undefined-condition");
    }
  });
});

describe("the answer to a stanza in error", () => {
  const request = makeStanza("iq", {
    type: "get",
    id: "q1",
    from: "juliet@example.com/balcony",
    to: "example.com",
    lang: "en",
    payload: "<query xmlns='urn:x'>secret</query>",
    childName: "query",
    childNamespace: "urn:x",
  });

  it("goes back with the same kind and id, and without the payload", () => {
    const reply = errorReply(request, "service-unavailable");
    assert.deepEqual(
      [reply.kind, reply.type, reply.id, reply.from, reply.to],
      ["iq", "error", "q1", "example.com", "juliet@example.com/balcony"],
    );
    assert.deepEqual([reply.childName, reply.childNamespace, reply.childCount], ["error", NS.client, 1]);
    assert.doesNotMatch(reply.payload, /secret/);
  });

  it("can come from and go to other addresses", () => {
    const reply = errorReply(request, "bad-request", { from: "a@b", to: "c@d", text: "no" });
    assert.deepEqual([reply.from, reply.to], ["a@b", "c@d"]);
  });
});
