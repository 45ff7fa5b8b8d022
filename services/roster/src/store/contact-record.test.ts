import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  bareRequest,
  type ContactFacts,
  contactIn,
  emptyRoster,
  hasPendingIn,
  subscriptionTable,
} from "@rollcall/rfc6121";
import type { BareJid } from "@rollcall/xmpp";
import fc from "fast-check";
import { applyWriting, contactJson, contactKey, contactRecord, readContact } from "./contact-record.ts";

const owner = "juliet@capulet.example" as BareJid;
const romeo = "romeo@montague.example" as BareJid;

const states = Object.keys(subscriptionTable) as (keyof typeof subscriptionTable)[];

const contact: fc.Arbitrary<ContactFacts> = fc
  .record({
    name: fc.option(fc.string({ minLength: 1, unit: "grapheme" }), { nil: undefined }),
    groups: fc.uniqueArray(fc.string({ minLength: 1 }), { maxLength: 3 }),
    state: fc.constantFrom(...states),
    approved: fc.boolean(),
  })
  .map(({ name, groups, state, approved }) => ({
    jid: romeo,
    inRoster: true,
    name,
    groups,
    subscription: { state, approved },
    request: hasPendingIn(state) ? { stanza: bareRequest(romeo, owner), at: 3 } : undefined,
  }));

describe("contacts in their stored form", () => {
  test("the quick JSON is the record's JSON (property)", () => {
    fc.assert(
      fc.property(contact, (facts) => {
        assert.deepEqual(JSON.parse(contactJson(facts, '"version":1')), {
          ...contactRecord(facts),
          version: 1,
        });
      }),
    );
  });

  test("what is written is read (property)", () => {
    fc.assert(
      fc.property(contact, (facts) => {
        const record = JSON.parse(JSON.stringify(contactRecord(facts)));
        assert.deepEqual(
          applyWriting(contactIn(emptyRoster, romeo), readContact(owner, romeo, record)),
          facts,
        );
      }),
    );
  });

  test("writing names only what it changes", () => {
    const before: ContactFacts = {
      ...contactIn(emptyRoster, romeo),
      inRoster: true,
      name: "Romeo",
      groups: ["a"],
      subscription: { state: "none+pending-out+in", approved: false },
      request: { stanza: bareRequest(romeo, owner), at: 1 },
    };
    assert.deepEqual(applyWriting(before, readContact(owner, romeo, {})), before);
    const to = applyWriting(before, readContact(owner, romeo, { subscription: "to", pending_requests: {} }));
    assert.equal(
      to.subscription.state,
      "to+pending-in",
      "an empty list of requests does not drop the one there is",
    );
    const both = applyWriting(before, readContact(owner, romeo, { subscription: "both" }));
    assert.equal(both.subscription.state, "both");
    assert.equal(both.request, undefined);
  });

  test("only addresses are contacts", () => {
    for (const key of ["note", "", "@x", "a@", "romeo@montague.example/orchard"])
      assert.equal(contactKey(key, {}), undefined, key);
    assert.equal(contactKey("gateway.example", {}), "gateway.example");
    assert.equal(contactKey("[::1]", {}), "[::1]");
    assert.equal(contactKey("Romeo@Montague.example", {}), romeo);
    assert.equal(contactKey("settings", { theme: "dark", version: 3 }), undefined);
    assert.equal(contactKey("gateway", { subscription: "none", version: 3, revision: 3 }), "gateway");
  });
});
