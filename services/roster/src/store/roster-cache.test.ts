import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { applyChanges, contactIn, emptyRoster } from "@rollcall/rfc6121";
import type { BareJid } from "@rollcall/xmpp";
import { type CachedRoster, RosterCache } from "./roster-cache.ts";
import { emptyDocument } from "./roster-document.ts";

function rosterOf(contacts: number, length = 0): CachedRoster {
  const changes = Array.from({ length: contacts }, (_, i) => ({
    kind: "put" as const,
    push: false,
    contact: { ...contactIn(emptyRoster, `c${i}@x.example` as BareJid), inRoster: true },
  }));
  const document = { ...emptyDocument, roster: applyChanges(emptyRoster, changes) };
  return { etag: "e", context: "c", document, fragments: new Map(), length };
}

const [a, b, c] = ["a@x", "b@x", "c@x"] as BareJid[] as [BareJid, BareJid, BareJid];

describe("the roster cache", () => {
  test("forgets what was used longest ago, once there are too many accounts", () => {
    const cache = new RosterCache(2, 100);
    cache.set(a, rosterOf(1));
    cache.set(b, rosterOf(1));
    cache.get(a);
    cache.set(c, rosterOf(1));
    assert.deepEqual(
      [a, b, c].map((jid) => cache.get(jid) !== undefined),
      [true, false, true],
    );
  });

  test("or too many contacts, and counts them as rosters change", () => {
    const cache = new RosterCache(10, 10);
    cache.set(a, rosterOf(5));
    cache.set(b, rosterOf(5));
    cache.set(b, rosterOf(3));
    assert.equal(cache.contacts, 8);
    cache.set(c, rosterOf(4));
    assert.equal(cache.get(a), undefined);
    assert.equal(cache.contacts, 7);
    cache.delete(b);
    assert.equal(cache.contacts, 4);
    assert.equal(cache.accounts, 1);
  });

  test("a roster that is larger than the cache is not kept", () => {
    const cache = new RosterCache(10, 3);
    cache.set(a, rosterOf(4));
    assert.equal(cache.get(a), undefined);
    assert.equal(cache.contacts, 0);
  });

  test("large contacts count as several", () => {
    const cache = new RosterCache(10, 10);
    cache.set(a, rosterOf(2, 4_000));
    assert.equal(cache.contacts, 8);
    cache.set(b, rosterOf(2, 1_400));
    assert.equal(cache.get(a), undefined);
    assert.equal(cache.contacts, 3);
  });
});
