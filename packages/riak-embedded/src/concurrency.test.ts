import assert from "node:assert/strict";
import { test } from "node:test";
import { JSON_BODY, keepSiblings, openTestStore, type TestStore } from "./testing/open-test-store.ts";

const WRITERS = 64;
const everybody = <T>(act: (index: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: WRITERS }, (_, index) => act(index)));
const count = (statuses: readonly { status: number }[], status: number): number =>
  statuses.filter((answer) => answer.status === status).length;
const transactions = async (store: TestStore): Promise<number> => {
  const answer = await store.send("GET /stats");
  const stats = JSON.parse(Buffer.from(answer.body).toString()) as { embedded_transactions: number };
  return stats.embedded_transactions;
};

test("of many who create an object at the same time one succeeds", async (t) => {
  const store = await openTestStore();
  t.after(() => store.close());
  const answers = await everybody((index) =>
    store.send("PUT /buckets/b/keys/k", { ...JSON_BODY, "if-none-match": "*" }, `${index}`),
  );
  assert.equal(count(answers, 204), 1);
  assert.equal(count(answers, 412), WRITERS - 1);
});

test("of many who change the same version at the same time one succeeds", async (t) => {
  const store = await openTestStore();
  t.after(() => store.close());
  await store.send("PUT /buckets/b/keys/k", JSON_BODY, "0");
  const read = await store.send("GET /buckets/b/keys/k");
  const context = read.headers["x-riak-vclock"]!;
  const byContext = await everybody((index) =>
    store.send("PUT /buckets/b/keys/k", { ...JSON_BODY, "x-riak-if-not-modified": context }, `${index}`),
  );
  assert.equal(count(byContext, 204), 1);
  const { headers } = await store.send("GET /buckets/b/keys/k");
  const byTag = await everybody((index) =>
    store.send("PUT /buckets/b/keys/k", { ...JSON_BODY, "if-match": headers.etag! }, `${index}`),
  );
  assert.equal(count(byTag, 204), 1);
});

test("concurrent increments that try again until they are let through add up", async (t) => {
  const store = await openTestStore();
  t.after(() => store.close());
  await store.send("PUT /buckets/b/keys/counter", JSON_BODY, "0");
  const increment = async (): Promise<void> => {
    for (;;) {
      const { headers, body } = await store.send("GET /buckets/b/keys/counter");
      const next = Number(Buffer.from(body).toString()) + 1;
      const guarded = { ...JSON_BODY, "if-match": headers.etag! };
      if ((await store.send("PUT /buckets/b/keys/counter", guarded, `${next}`)).status === 204) return;
    }
  };
  await Promise.all(Array.from({ length: 12 }, increment));
  const { body } = await store.send("GET /buckets/b/keys/counter");
  assert.equal(Buffer.from(body).toString(), "12");
});

test("concurrent blind writers lose nothing where siblings are kept", async (t) => {
  const store = await openTestStore();
  t.after(() => store.close());
  await keepSiblings(store, "b");
  await everybody((index) => store.send("PUT /buckets/b/keys/k", JSON_BODY, `${index}`));
  const { status, body } = await store.send("GET /buckets/b/keys/k");
  assert.equal(status, 300);
  assert.equal(Buffer.from(body).toString().trim().split("\n").length, WRITERS + 1);
});

test("what arrives together is synced to the disk together", async (t) => {
  const store = await openTestStore();
  t.after(() => store.close());
  const before = await transactions(store);
  await everybody((index) => store.send(`PUT /buckets/b/keys/${index}`, JSON_BODY, "1"));
  assert.ok((await transactions(store)) - before <= 2);
});

test("a writer reads what it was told is written", async (t) => {
  const store = await openTestStore();
  t.after(() => store.close());
  await everybody(async (index) => {
    await store.send(`PUT /buckets/b/keys/${index}`, JSON_BODY, `${index}`);
    const { body } = await store.send(`GET /buckets/b/keys/${index}`);
    assert.equal(Buffer.from(body).toString(), `${index}`);
  });
});

test("the hundred-and-first sibling is refused", async (t) => {
  const store = await openTestStore();
  t.after(() => store.close());
  await keepSiblings(store, "b");
  const write = () => store.send("PUT /buckets/b/keys/k", JSON_BODY, "1");
  const answers = await Promise.all(Array.from({ length: 101 }, write));
  assert.equal(count(answers, 204), 100);
  assert.equal(Buffer.from(answers[100]!.body).toString(), "Error:\n{too_many_siblings,101}\n");
});

test("more writes than may wait are refused, and the store goes on", async (t) => {
  const store = await openTestStore({ queuedWrites: 10 });
  t.after(() => store.close());
  const answers = await everybody((index) => store.send(`PUT /buckets/b/keys/${index}`, JSON_BODY, "1"));
  assert.equal(count(answers, 204), 10);
  assert.equal(count(answers, 503), WRITERS - 10);
  assert.equal((await store.send("PUT /buckets/b/keys/later", JSON_BODY, "1")).status, 204);
});
