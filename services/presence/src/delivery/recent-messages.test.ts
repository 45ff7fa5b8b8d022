import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { BareJid } from "@rollcall/xmpp";
import { RecentMessagesCache } from "./recent-messages.ts";

describe("recent messages", () => {
  const jid = (name: string): BareJid => `${name}@example.com` as BareJid;
  const recent = (characters: number) => ({
    etag: "e",
    context: "c",
    messages: [{ id: "1", xml: "x".repeat(characters), at: 0 }],
  });

  it("are those of the accounts set last, as many as there is room for", () => {
    const cache = new RecentMessagesCache(10_000);
    for (const name of ["a", "b", "c"]) cache.set(jid(name), recent(3_500));
    assert.equal(cache.get(jid("a")), undefined);
    assert.ok(cache.get(jid("b")));
    cache.set(jid("b"), recent(3_500));
    cache.set(jid("d"), recent(3_500));
    assert.equal(cache.get(jid("c")), undefined);
    assert.ok(cache.get(jid("b")));
  });

  it("of one account that has too many alone are not kept, and leave room for others", () => {
    const cache = new RecentMessagesCache(10_000);
    cache.set(jid("a"), recent(20_000));
    assert.equal(cache.get(jid("a")), undefined);
    cache.set(jid("b"), recent(9_000));
    assert.ok(cache.get(jid("b")));
    cache.delete(jid("b"));
    cache.set(jid("c"), recent(9_000));
    assert.ok(cache.get(jid("c")));
  });
});
