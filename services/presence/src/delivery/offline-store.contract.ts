import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { BareJid } from "@rollcall/xmpp";
import type { OfflineMessage, OfflineQuota, OfflineStore } from "./offline-store.ts";

const juliet = "juliet@example.com" as BareJid;
const romeo = "romeo@example.net" as BareJid;

function message(id: string, body = id): OfflineMessage {
  return { id, xml: `<message><body>${body}</body></message>`, at: 1_700_000_000_000 };
}

/** What every implementation of `OfflineStore` has to do. @param open gives an empty store with that quota. */
export function offlineStoreContract(name: string, open: (quota: OfflineQuota) => OfflineStore): void {
  const roomy: OfflineQuota = { messages: 10, bytes: 10_000 };

  describe(`${name} as an offline store`, () => {
    it("has nothing for an account that never got anything", async () => {
      const store = open(roomy);
      assert.deepEqual(await store.read(juliet), []);
      await store.remove(juliet);
      await store.removeDelivered(juliet, new Set(["none"]));
    });

    it("gives messages back as they were, oldest first, as often as it is asked", async () => {
      const store = open(roomy);
      const messages = [message("a"), message("b", "ümlaut 🌹 &amp;"), message("c")];
      for (const one of messages) assert.equal(await store.append(juliet, one), "stored");
      assert.deepEqual(await store.read(juliet), messages);
      assert.deepEqual(await store.read(juliet), messages);
    });

    it("keeps a message that comes again once, also when there is no room for more", async () => {
      const store = open({ messages: 1, bytes: 10_000 });
      assert.equal(await store.append(juliet, message("a")), "stored");
      assert.equal(await store.append(juliet, message("a")), "stored");
      assert.deepEqual(await store.read(juliet), [message("a")]);
    });

    it("keeps accounts apart", async () => {
      const store = open(roomy);
      await store.append(juliet, message("a"));
      await store.append(romeo, message("b"));
      await store.remove(romeo);
      assert.deepEqual(await store.read(juliet), [message("a")]);
      assert.deepEqual(await store.read(romeo), []);
    });

    it("removes what was delivered and keeps what came since", async () => {
      const store = open(roomy);
      for (const id of ["a", "b", "c"]) await store.append(juliet, message(id));
      await store.removeDelivered(juliet, new Set(["a", "b", "unknown"]));
      assert.deepEqual(await store.read(juliet), [message("c")]);
      await store.removeDelivered(juliet, new Set(["c"]));
      assert.deepEqual(await store.read(juliet), []);
      assert.equal(await store.append(juliet, message("d")), "stored");
      assert.deepEqual(await store.read(juliet), [message("d")]);
    });

    it("is full at the quota of messages, and takes some again after some were removed", async () => {
      const store = open({ messages: 2, bytes: 10_000 });
      assert.equal(await store.append(juliet, message("a")), "stored");
      assert.equal(await store.append(juliet, message("b")), "stored");
      assert.equal(await store.append(juliet, message("c")), "full");
      assert.deepEqual(await store.read(juliet), [message("a"), message("b")]);
      await store.removeDelivered(juliet, new Set(["a"]));
      assert.equal(await store.append(juliet, message("c")), "stored");
    });

    it("is full at the quota of bytes", async () => {
      const store = open({ messages: 10, bytes: 120 });
      assert.equal(await store.append(juliet, message("a", "x".repeat(60))), "stored");
      assert.equal(await store.append(juliet, message("b", "ü".repeat(20))), "full");
      assert.equal(await store.append(juliet, message("c", "x")), "full");
      assert.equal((await store.read(juliet)).length, 1);
    });

    it("takes nothing where nothing may be kept", async () => {
      assert.equal(await open({ messages: 0, bytes: 10_000 }).append(juliet, message("a")), "full");
    });
  });
}
