/** What every account store must do. Each test makes up its own people, so the store may be in use. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, test } from "node:test";
import type { BareJid } from "@rollcall/xmpp";
import type { Account, AccountStore, ScramKeys } from "./account-store.ts";

export interface AccountStoreUnderTest {
  readonly store: AccountStore;
  /** The same accounts as another process sees them; `store` itself where there cannot be one. */
  readonly elsewhere: AccountStore;
  close(): Promise<void>;
}

export function accountStoreContract(name: string, make: () => Promise<AccountStoreUnderTest>): void {
  describe(`${name} keeps the contract of account stores`, () => {
    let target: AccountStoreUnderTest;
    let store: AccountStore;

    before(async () => {
      target = await make();
      store = target.store;
    });
    after(() => target.close());

    test("an account that nobody made is not there", async () => {
      const juliet = newJid("juliet");
      assert.equal(await store.find(juliet), undefined);
      assert.equal(await store.exists(juliet), false);
      assert.equal(await store.remove(juliet), false);
    });

    test("a new account is found as it was put, and exists", async () => {
      const account = newAccount("juliet");
      assert.equal(await store.put(account), "created");
      assert.deepEqual(await store.find(account.jid), account);
      assert.equal(await store.exists(account.jid), true);
    });

    test("a new password is seen at once", async () => {
      const account = newAccount("juliet");
      await store.put(account);
      await store.find(account.jid);
      const changed = { ...account, scram: newKeys() };
      assert.equal(await store.put(changed), "replaced");
      assert.deepEqual(await store.find(account.jid), changed);
    });

    test("an account that was disabled is still there, disabled", async () => {
      const account = newAccount("tybalt");
      await store.put(account);
      await store.put({ ...account, disabled: true });
      assert.equal((await store.find(account.jid))?.disabled, true);
      assert.equal(await store.exists(account.jid), true);
    });

    test("a removed account is gone at once, and can be made again", async () => {
      const account = newAccount("mercutio");
      await store.put(account);
      assert.equal(await store.exists(account.jid), true);
      assert.equal(await store.remove(account.jid), true);
      assert.equal(await store.find(account.jid), undefined);
      assert.equal(await store.exists(account.jid), false);
      assert.equal(await store.remove(account.jid), false);
      assert.equal(await store.put(account), "created");
      assert.deepEqual(await store.find(account.jid), account);
      assert.equal(await store.exists(account.jid), true);
    });

    test("an account asked for before it was made exists from then on", async () => {
      const account = newAccount("paris");
      assert.equal(await store.exists(account.jid), false);
      await store.put(account);
      assert.equal(await store.exists(account.jid), true);
    });

    test("another process sees what was written", async () => {
      const account = newAccount("nurse");
      await store.put(account);
      assert.deepEqual(await target.elsewhere.find(account.jid), account);
      const changed = { ...account, scram: newKeys() };
      await store.put(changed);
      assert.deepEqual(await target.elsewhere.find(account.jid), changed);
      await store.remove(account.jid);
      assert.equal(await target.elsewhere.find(account.jid), undefined);
    });

    test("what a caller does to its account afterwards changes nothing", async () => {
      const scram = { "SCRAM-SHA-1": { ...keysOf(1) }, "SCRAM-SHA-256": { ...keysOf(2) } };
      const account = { ...newAccount("friar"), scram };
      await store.put(account);
      scram["SCRAM-SHA-1"] = { ...keysOf(9) };
      assert.deepEqual((await store.find(account.jid))?.scram["SCRAM-SHA-1"], keysOf(1));
    });

    test("accounts are told apart by every character of their JIDs", async () => {
      const run = randomUUID();
      const jids = ["a+b", "a b", "a%20b", "a\\20b", "ä", "a&b", "a/b"].map(
        (local) => `${local}-${run}@capulet.example` as BareJid,
      );
      for (const [i, jid] of jids.entries()) await store.put({ ...newAccount("x"), jid, createdAt: i });
      for (const [i, jid] of jids.entries()) assert.equal((await store.find(jid))?.createdAt, i);
    });

    test("a listing has every account once", async () => {
      const accounts = Array.from({ length: 20 }, (_, i) => newAccount(`servant${i}`));
      await Promise.all(accounts.map((account) => store.put(account)));
      const wanted = new Set<string>(accounts.map(({ jid }) => jid));
      const listed: string[] = [];
      for await (const jid of store.list()) if (wanted.has(jid)) listed.push(jid);
      assert.deepEqual(listed.sort(), [...wanted].sort());
    });

    test("two administrators writing at once leave one of the two accounts, the same for everybody", async () => {
      const account = newAccount("peter");
      const hers = { ...account, scram: newKeys() };
      const his = { ...account, scram: newKeys() };
      await store.put(account);
      await Promise.all([store.put(hers), target.elsewhere.put(his)]);
      const found = await store.find(account.jid);
      assert.ok(
        [hers, his].some(({ scram }) => scram["SCRAM-SHA-1"].salt === found?.scram["SCRAM-SHA-1"].salt),
      );
      assert.deepEqual(await target.elsewhere.find(account.jid), found);
    });
  });
}

function newJid(local: string): BareJid {
  return `${local}-${randomUUID()}@capulet.example` as BareJid;
}

function newAccount(local: string): Account {
  return { jid: newJid(local), scram: newKeys(), disabled: false, createdAt: 1_790_000_000_000 };
}

function newKeys(): Account["scram"] {
  return { "SCRAM-SHA-1": keysOf(randomUUID()), "SCRAM-SHA-256": keysOf(randomUUID()) };
}

function keysOf(seed: unknown): ScramKeys {
  const base64 = (part: string): string => Buffer.from(`${part} ${seed}`).toString("base64");
  return {
    salt: base64("salt"),
    iterations: 4_096,
    storedKey: base64("stored"),
    serverKey: base64("server"),
  };
}
