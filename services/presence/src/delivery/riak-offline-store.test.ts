import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { StoreUnavailableError } from "@rollcall/accounts";
import { createDirectTransport, createRiakClient, type RiakResponse } from "@rollcall/riak-client";
import { type EmbeddedRiak, openEmbeddedRiak } from "@rollcall/riak-embedded";
import { silentLogger } from "@rollcall/telemetry";
import type { BareJid } from "@rollcall/xmpp";
import { offlineStoreContract } from "./offline-store.contract.ts";
import { createRiakOfflineStore, offlineBucketProperties } from "./riak-offline-store.ts";

const juliet = "juliet@example.com" as BareJid;
const quota = { messages: 10, bytes: 10_000 };

let dir: string;
let riak: EmbeddedRiak;
let fault: (() => Promise<RiakResponse>) | undefined;
let spy: ((response: RiakResponse) => void) | undefined;
const client = createRiakClient({
  transport: createDirectTransport(async (request) => {
    const response = await (fault === undefined ? riak.handle(request) : fault());
    spy?.(response);
    return response;
  }),
  logger: silentLogger,
});
let buckets = 0;

before(async () => {
  dir = await mkdtemp(join(tmpdir(), "rollcall-offline-"));
  riak = await openEmbeddedRiak({ dir, logger: silentLogger });
  for (let n = 1; n <= 20; n += 1)
    await client.applyBucketProperties(`offline-${n}`, offlineBucketProperties);
});

after(async () => {
  await client.close();
  await riak.close();
  await rm(dir, { recursive: true });
});

/** Every test has a bucket of its own. */
function nextBucket(): string {
  buckets += 1;
  return `offline-${buckets}`;
}

offlineStoreContract("Riak", (limits) =>
  createRiakOfflineStore({ client, quota: limits, bucket: nextBucket() }),
);

describe("offline messages in Riak", () => {
  const message = (id: string, at: number) => ({ id, xml: `<message>${id}</message>`, at });

  /** Leaves two versions side by side, as two writers that did not know of each other. */
  async function writeBeside(bucket: string, messages: readonly unknown[]): Promise<void> {
    const response = await riak.handle({
      method: "PUT",
      path: `/buckets/${bucket}/keys/${encodeURIComponent(juliet)}`,
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ messages }),
      timeoutMs: 1_000,
    });
    assert.ok(response.status < 300);
  }

  it("of two writers are united, oldest first, and no message is there twice", async () => {
    const bucket = nextBucket();
    const store = createRiakOfflineStore({ client, quota, bucket });
    await store.append(juliet, message("b", 2));
    await writeBeside(bucket, [message("a", 1), message("b", 2), message("c", 3)]);
    assert.deepEqual(
      (await store.read(juliet)).map(({ id }) => id),
      ["a", "b", "c"],
    );
    await store.append(juliet, message("d", 4));
    assert.equal((await store.read(juliet)).length, 4);
    await store.removeDelivered(juliet, new Set(["a", "b", "c", "d"]));
    assert.deepEqual(await store.read(juliet), []);
  });

  it("are not fetched again for each message while nobody else writes", async () => {
    const bucket = nextBucket();
    const store = createRiakOfflineStore({ client, quota, bucket });
    await store.append(juliet, message("a", 1));
    const answers: number[] = [];
    spy = ({ status }) => answers.push(status);
    try {
      await store.append(juliet, message("b", 2));
      assert.deepEqual(answers, [304, 200]);
      await writeBeside(bucket, [message("c", 3)]);
      answers.length = 0;
      await store.append(juliet, message("d", 4));
      assert.equal(answers[0], 300, "somebody else wrote, and is heard");
    } finally {
      spy = undefined;
    }
    assert.deepEqual(
      (await store.read(juliet)).map(({ id }) => id),
      ["a", "b", "c", "d"],
    );
  });

  it("are not stored twice when a write is repeated", async () => {
    const store = createRiakOfflineStore({ client, quota, bucket: nextBucket() });
    await store.append(juliet, message("a", 1));
    assert.equal(await store.append(juliet, message("a", 1)), "stored");
    assert.equal((await store.read(juliet)).length, 1);
  });

  it("that are not messages are a fault of the store", async () => {
    const bucket = nextBucket();
    const store = createRiakOfflineStore({ client, quota, bucket });
    await writeBeside(bucket, [{ id: 7 }]);
    await assert.rejects(store.read(juliet), StoreUnavailableError);
  });

  it("are unavailable while the store is", async () => {
    const store = createRiakOfflineStore({ client, quota, bucket: nextBucket() });
    fault = () => Promise.resolve({ status: 503, headers: {}, body: new Uint8Array() });
    try {
      await assert.rejects(store.append(juliet, message("a", 1)), StoreUnavailableError);
      await assert.rejects(store.read(juliet), StoreUnavailableError);
      await assert.rejects(store.remove(juliet), StoreUnavailableError);
    } finally {
      fault = undefined;
    }
  });
});
