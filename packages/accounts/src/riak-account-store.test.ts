import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import {
  createDirectTransport,
  createRiakClient,
  jsonCodec,
  type RiakClient,
  type RiakRequest,
  type RiakResponse,
} from "@rollcall/riak-client";
import { type EmbeddedRiak, openEmbeddedRiak } from "@rollcall/riak-embedded";
import { silentLogger } from "@rollcall/telemetry";
import type { BareJid } from "@rollcall/xmpp";
import { accountStoreContract } from "./account-store.contract.ts";
import { type Account, AccountUnreadableError, StoreUnavailableError } from "./account-store.ts";
import { accountBucketProperties, createRiakAccountStore } from "./riak-account-store.ts";

interface Scene {
  readonly riak: EmbeddedRiak;
  readonly client: RiakClient;
  /** Every request that reached the store. */
  readonly requests: RiakRequest[];
  /** While set, answers in place of the store. */
  fault: (() => Promise<RiakResponse>) | undefined;
  close(): Promise<void>;
}

async function openScene(): Promise<Scene> {
  const dir = await mkdtemp(join(tmpdir(), "rollcall-accounts-"));
  const riak = await openEmbeddedRiak({ dir, logger: silentLogger });
  const requests: RiakRequest[] = [];
  const transport = createDirectTransport((request) => {
    requests.push(request);
    return scene.fault === undefined ? riak.handle(request) : scene.fault();
  });
  const client = createRiakClient({ transport, logger: silentLogger });
  const scene: Scene = {
    riak,
    client,
    requests,
    fault: undefined,
    async close() {
      await client.close();
      await riak.close();
      await rm(dir, { recursive: true });
    },
  };
  await client.applyBucketProperties("accounts", accountBucketProperties);
  return scene;
}

accountStoreContract("the Riak store", async () => {
  const { client, close } = await openScene();
  return { store: createRiakAccountStore({ client }), elsewhere: createRiakAccountStore({ client }), close };
});

accountStoreContract("the Riak store without caches", async () => {
  const { client, close } = await openScene();
  const options = { client, cachedAccounts: 0, rememberedAccounts: 0 };
  return { store: createRiakAccountStore(options), elsewhere: createRiakAccountStore(options), close };
});

describe("the Riak account store", () => {
  const keys = { salt: "c2FsdA==", iterations: 4_096, storedKey: "c3RvcmVk", serverKey: "c2VydmVy" };
  const scram = { "SCRAM-SHA-1": keys, "SCRAM-SHA-256": keys };
  const account = (name: string): Account => ({
    jid: `${name}@capulet.example` as BareJid,
    scram,
    disabled: false,
    createdAt: 1_000,
  });
  let scene: Scene;

  before(async () => {
    scene = await openScene();
  });
  after(() => scene.close());

  const handWrite = (jid: BareJid, body: string): Promise<RiakResponse> =>
    scene.riak.handle({
      method: "POST",
      path: `/riak/accounts/${encodeURIComponent(jid)}`,
      headers: { "content-type": "application/json" },
      body,
      timeoutMs: 1_000,
    });

  test("an account is a JSON object under its bare JID", async () => {
    const juliet = account("juliet");
    await createRiakAccountStore({ client: scene.client }).put(juliet);
    const found = await scene.client.bucket({ name: "accounts", codec: jsonCodec() }).get(juliet.jid);
    assert.ok(found.kind === "found");
    assert.deepEqual(found.value, { scram, disabled: false, createdAt: 1_000 });
  });

  test("the second login of an account asks only whether it has changed", async () => {
    const store = createRiakAccountStore({ client: scene.client });
    const nurse = account("nurse");
    await store.put(nurse);
    await store.find(nurse.jid);
    const before304 = scene.client.counters.getUnchanged;
    assert.deepEqual(await store.find(nurse.jid), nurse);
    assert.equal(scene.client.counters.getUnchanged, before304 + 1);
  });

  test("exists says yes again without asking, for a while, and never no", async () => {
    let now = 0;
    const store = createRiakAccountStore({ client: scene.client, existsMs: 1_000, now: () => now });
    const { jid } = account("gregory");
    assert.equal(await store.exists(jid), false);
    const other = createRiakAccountStore({ client: scene.client });
    await other.put(account("gregory"));
    assert.equal(await store.exists(jid), true);
    await other.remove(jid);
    now = 999;
    assert.equal(await store.exists(jid), true);
    now = 1_000;
    assert.equal(await store.exists(jid), false);
  });

  test("an account that another store removed is gone at once for whoever was told", async () => {
    const store = createRiakAccountStore({ client: scene.client });
    const { jid } = account("abram");
    await store.put(account("abram"));
    assert.equal(await store.exists(jid), true);
    await createRiakAccountStore({ client: scene.client }).remove(jid);
    store.forget(jid);
    assert.equal(await store.exists(jid), false);
  });

  test("what was asked before a write is not remembered after it", async () => {
    const store = createRiakAccountStore({ client: scene.client });
    const sampson = account("sampson");
    const early = store.exists(sampson.jid);
    await store.put(sampson);
    await early;
    assert.equal(await store.exists(sampson.jid), true);
  });

  test("an unreadable account exists, cannot be used, and can be replaced or removed", async () => {
    const store = createRiakAccountStore({ client: scene.client });
    const paris = account("paris");
    await handWrite(paris.jid, '{"password":"in clear"}');
    await assert.rejects(store.find(paris.jid), (error) => {
      assert.ok(error instanceof AccountUnreadableError);
      assert.doesNotMatch(String(error.stack), /clear/);
      return true;
    });
    assert.equal(await store.exists(paris.jid), true);
    assert.equal(await store.put(paris), "replaced");
    assert.deepEqual(await store.find(paris.jid), paris);

    const abram = account("abram");
    await handWrite(abram.jid, "{");
    assert.equal(await store.remove(abram.jid), true);
    assert.equal(await store.find(abram.jid), undefined);
  });

  test("siblings are decided between, and gone after the next write", async () => {
    const store = createRiakAccountStore({ client: scene.client });
    const tybalt = account("tybalt");
    await store.put(tybalt);
    await handWrite(tybalt.jid, JSON.stringify({ scram, disabled: true, createdAt: 2_000 }));
    assert.equal((await store.find(tybalt.jid))?.createdAt, 2_000);
    assert.equal((await store.find(tybalt.jid))?.disabled, true);
    assert.equal(await store.put(tybalt), "replaced");
    const found = await scene.client.bucket({ name: "accounts", codec: jsonCodec() }).get(tybalt.jid);
    assert.equal(found.kind, "found");
  });

  test("a listing leaves out keys that are no bare JIDs", async () => {
    const store = createRiakAccountStore({ client: scene.client });
    for (const key of ["Rosaline@capulet.example", "not a jid", "rosaline@capulet.example/balcony"]) {
      await handWrite(key as BareJid, JSON.stringify({ scram }));
    }
    await store.put(account("rosaline"));
    const listed: string[] = [];
    for await (const jid of store.list())
      if (!/^[a-z]+@/.test(jid) || jid.startsWith("ros")) listed.push(jid);
    assert.deepEqual(listed, ["rosaline@capulet.example"]);
  });

  test("a store that does not answer is unavailable, for every operation", async () => {
    const store = createRiakAccountStore({ client: scene.client });
    const down: RiakResponse = {
      status: 500,
      headers: { "content-type": "text/plain" },
      body: Buffer.from("Error:\n{insufficient_vnodes,0,need,2}\n"),
    };
    const { jid } = account("balthasar");
    scene.fault = () => Promise.resolve(down);
    try {
      await assert.rejects(store.find(jid), StoreUnavailableError);
      await assert.rejects(store.exists(jid), StoreUnavailableError);
      await assert.rejects(store.put(account("balthasar")), StoreUnavailableError);
      await assert.rejects(store.remove(jid), StoreUnavailableError);
      await assert.rejects(async () => {
        for await (const each of store.list()) assert.fail(each);
      }, StoreUnavailableError);
    } finally {
      scene.fault = undefined;
    }
    assert.equal(await store.exists(jid), false);
  });
});
