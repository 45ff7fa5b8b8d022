import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type BareJid, makeStanza } from "@rollcall/xmpp";
import { LocalDomains } from "../local-domains.ts";
import { LastUnavailablePresence } from "./last-unavailable.ts";
import { SharedTexts } from "./shared-texts.ts";

describe("the last unavailable presence", () => {
  it("is kept for those who went most recently", () => {
    const kept = new LastUnavailablePresence(2);
    const stanza = makeStanza("presence", { type: "unavailable" });
    for (const account of ["a", "b", "a", "c"]) kept.keep(account as BareJid, stanza, 1);
    assert.equal(kept.size, 2);
    assert.equal(kept.find("b" as BareJid), undefined);
    assert.ok(kept.find("a" as BareJid));
    kept.forget("a" as BareJid);
    assert.equal(kept.find("a" as BareJid), undefined);
  });

  it("is not kept where there is no room for any", () => {
    const kept = new LastUnavailablePresence(0);
    kept.keep("a" as BareJid, makeStanza("presence", {}), 1);
    assert.equal(kept.size, 0);
  });
});

describe("shared texts", () => {
  it("equal what they were made of, whatever their length", () => {
    const texts = new SharedTexts(2, 10);
    for (const text of ["", "caps", "ümlaut 🌹", "x".repeat(50), "third", "fourth", "caps"]) {
      assert.equal(texts.share(text), text);
    }
  });
});

describe("local domains", () => {
  const domains = new LocalDomains(["example.com", "example.net"]);

  it("tell accounts here from servers and strangers", () => {
    assert.ok(domains.isAccount("juliet@example.com"));
    assert.ok(domains.isAccount("juliet@example.net/bal@cony/x"));
    assert.ok(!domains.isAccount("example.com/juliet@example.com"));
    assert.ok(!domains.isAccount("juliet@example.org"));
    assert.ok(domains.isServer("example.com/x"));
    assert.ok(!domains.isServer("juliet@example.com"));
    assert.equal(domains.domainOf("juliet@example.com"), "example.com");
  });
});
