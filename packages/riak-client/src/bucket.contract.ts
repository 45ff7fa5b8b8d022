/**
 * What a bucket must do over any transport and any store behind it: the embedded one, a real Riak node, a cluster.
 * Every run works in buckets of its own, whose names it makes up, so it may run against a store that is in use.
 */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { silentLogger } from "@rollcall/telemetry";
import type { Bucket } from "./bucket.ts";
import { createRiakClient, type RiakClient } from "./riak-client.ts";
import type { Fetched, RiakObject, Siblings, Stored } from "./riak-object.ts";
import type { RiakTransport } from "./riak-transport.ts";
import { MAX_META_VALUE_BYTES } from "./user-metadata.ts";
import { jsonCodec } from "./value-codec.ts";

export interface BucketUnderTest {
  readonly transport: RiakTransport;
  /** Called after the transport was closed. */
  close(): Promise<void>;
}

const properties = { allow_mult: true, dvv_enabled: true };

export function bucketContract(name: string, make: () => Promise<BucketUnderTest>): void {
  describe(`${name} keeps the contract of buckets`, () => {
    let target: BucketUnderTest;
    let client: RiakClient;
    let bucket: Bucket<unknown>;

    const openBucket = async (): Promise<Bucket<unknown>> => {
      const bucketName = `contract-${randomUUID()}`;
      await client.applyBucketProperties(bucketName, properties);
      return client.bucket({ name: bucketName, codec: jsonCodec<unknown>() });
    };
    const key = (): string => `romeo-${randomUUID()}@montague.example`;

    before(async () => {
      target = await make();
      client = createRiakClient({ transport: target.transport, logger: silentLogger });
      bucket = await openBucket();
    });
    after(async () => {
      await client.close();
      await target.close();
    });

    test("it answers a ping", () => client.ping());

    test("a key that was never written is missing, without a context", async () => {
      assert.deepEqual(await bucket.get(key()), { kind: "missing", context: undefined });
    });

    test("what was stored is found, with the etag and the metadata it was stored with", async () => {
      const romeo = key();
      const stored = expectStored(
        await bucket.put(romeo, { v: "wherefore — ⚘" }, { meta: { version: "7" } }),
      );
      const found = expectFound(await bucket.get(romeo));
      assert.deepEqual(found.value, { v: "wherefore — ⚘" });
      assert.deepEqual({ ...found.meta }, { version: "7" });
      assert.equal(found.etag, stored.etag);
      assert.equal(found.contentType, "application/json");
      assert.ok(!Number.isNaN(Date.parse(found.lastModified ?? "")), "last modified is a date");
      assert.doesNotMatch(found.etag, /"/);
    });

    test("an object that still has the etag is unchanged, and no longer after a write", async () => {
      const romeo = key();
      const first = expectStored(await bucket.put(romeo, 1));
      assert.deepEqual(await bucket.get(romeo, { ifNoneMatch: first.etag }), { kind: "unchanged" });
      const second = expectStored(await bucket.put(romeo, 2, { context: first.context }));
      assert.notEqual(second.etag, first.etag);
      assert.equal(expectFound(await bucket.get(romeo, { ifNoneMatch: first.etag })).value, 2);
    });

    test("a write without a context stands beside what was there", async () => {
      const romeo = key();
      await bucket.put(romeo, "one");
      const stored = expectSiblings(await bucket.put(romeo, "two"));
      assert.deepEqual(valuesOf(stored), ["one", "two"]);
      const fetched = expectSiblings(await bucket.get(romeo));
      assert.deepEqual(valuesOf(fetched), ["one", "two"]);
      assert.equal(new Set(fetched.siblings.map(({ etag }) => etag)).size, 2);
    });

    test("siblings have an etag too, and are unchanged while they keep it", async () => {
      const romeo = key();
      await bucket.put(romeo, "one");
      await bucket.put(romeo, "two");
      const { etag } = expectSiblings(await bucket.get(romeo));
      assert.deepEqual(await bucket.get(romeo, { ifNoneMatch: etag }), { kind: "unchanged" });
    });

    test("a write with the context of siblings replaces all of them", async () => {
      const romeo = key();
      await bucket.put(romeo, "one");
      const { context } = expectSiblings(await bucket.put(romeo, "two"));
      expectStored(await bucket.put(romeo, "both", { context }));
      assert.equal(expectFound(await bucket.get(romeo)).value, "both");
    });

    test("two writers with the same context leave both values", async () => {
      const romeo = key();
      const { context } = expectStored(await bucket.put(romeo, "base"));
      expectStored(await bucket.put(romeo, "hers", { context }));
      assert.deepEqual(valuesOf(expectSiblings(await bucket.put(romeo, "his", { context }))), [
        "hers",
        "his",
      ]);
    });

    test("siblings keep their own metadata", async () => {
      const romeo = key();
      await bucket.put(romeo, "one", { meta: { writer: "nurse" } });
      const { siblings } = expectSiblings(await bucket.put(romeo, "two", { meta: { writer: "friar" } }));
      assert.deepEqual(siblings.map(({ value, meta }) => `${value} ${meta.writer}`).sort(), [
        "one nurse",
        "two friar",
      ]);
    });

    test("what was deleted is missing, and its tombstone has a context for the next write", async () => {
      const romeo = key();
      const { context } = expectStored(await bucket.put(romeo, "alive"));
      assert.equal(await bucket.delete(romeo, context), "deleted");
      const tombstone = await bucket.get(romeo);
      assert.ok(tombstone.kind === "missing" && tombstone.context !== undefined);
      expectStored(await bucket.put(romeo, "again", { context: tombstone.context }));
      assert.equal(expectFound(await bucket.get(romeo)).value, "again");
    });

    test("a write that does not know of a tombstone leaves it as a sibling", async () => {
      const romeo = key();
      const { context } = expectStored(await bucket.put(romeo, "alive"));
      await bucket.delete(romeo, context);
      const { siblings } = expectSiblings(await bucket.put(romeo, "again"));
      assert.deepEqual(siblings.map(({ value, deleted }) => ({ value, deleted })).sort(byDeleted), [
        { value: "again", deleted: false },
        { value: undefined, deleted: true },
      ]);
    });

    test("a deletion that does not know of the last write stands beside it", async () => {
      const romeo = key();
      const { context } = expectStored(await bucket.put(romeo, "old"));
      expectStored(await bucket.put(romeo, "new", { context }));
      assert.equal(await bucket.delete(romeo, context), "deleted");
      const { siblings } = expectSiblings(await bucket.get(romeo));
      assert.deepEqual(siblings.map(({ value, deleted }) => ({ value, deleted })).sort(byDeleted), [
        { value: "new", deleted: false },
        { value: undefined, deleted: true },
      ]);
    });

    test("a deletion without a context takes siblings with it", async () => {
      const romeo = key();
      await bucket.put(romeo, "one");
      await bucket.put(romeo, "two");
      assert.equal(await bucket.delete(romeo), "deleted");
      assert.equal((await bucket.get(romeo)).kind, "missing");
    });

    test("deleting what is missing, or deleted already, says so", async () => {
      const romeo = key();
      assert.equal(await bucket.delete(romeo), "missing");
      await bucket.put(romeo, 1);
      assert.equal(await bucket.delete(romeo), "deleted");
      assert.equal(await bucket.delete(romeo), "missing");
    });

    test("a write replaces all metadata", async () => {
      const romeo = key();
      const { context } = expectStored(await bucket.put(romeo, 1, { meta: { one: "1", two: "2" } }));
      await bucket.put(romeo, 2, { context, meta: { two: "zwei" } });
      assert.deepEqual({ ...expectFound(await bucket.get(romeo)).meta }, { two: "zwei" });
    });

    test("metadata may be any text", async () => {
      const romeo = key();
      const meta = {
        accents: "zürich straße",
        wide: "日本 🎭",
        percent: "100% %41 %zz",
        json: '{"a":["b, c"],"d":"e;f"}',
        spaces: "  around  ",
        lines: "one\r\nX-Riak-Meta-Evil: two\t\u0000",
        empty: "",
        "with-dash": "x",
      };
      await bucket.put(romeo, 1, { meta });
      assert.deepEqual({ ...expectFound(await bucket.get(romeo)).meta }, meta);
    });

    test("metadata may be as long as the limits say", async () => {
      const romeo = key();
      const meta: Record<string, string> = {};
      for (const name of ["one", "two", "three", "four"])
        meta[name] = name[0]?.repeat(MAX_META_VALUE_BYTES) ?? "";
      const { context } = expectStored(await bucket.put(romeo, 1, { meta }));
      assert.deepEqual({ ...expectFound(await bucket.get(romeo)).meta }, meta);
      await bucket.put(romeo, 2, { context, meta });
      expectSiblings(await bucket.put(romeo, 3, { context, meta }));
    });

    for (const odd of [
      "a b",
      "a+b",
      "a%2Fb",
      "a/b/c",
      "zürich@straße.example",
      "日本🎭",
      "?query#fragment&x=y",
      "..",
      ".",
      "trailing/",
      "+",
      "%",
      "d'artagnan\\40\"<>|",
      "k".repeat(2_000),
    ]) {
      test(`key ${JSON.stringify(odd.slice(0, 30))} is itself and no other`, async () => {
        const own = await openBucket();
        await own.put(odd, { key: odd });
        assert.deepEqual(expectFound(await own.get(odd)).value, { key: odd });
        assert.deepEqual(await collect(own.keys()), [odd]);
        assert.equal(await own.delete(odd), "deleted");
        assert.equal((await own.get(odd)).kind, "missing");
      });
    }

    test("a listing names every key once", async () => {
      const own = await openBucket();
      assert.deepEqual(await collect(own.keys()), []);
      const names = Array.from({ length: 120 }, (_, i) => `mercutio${i}@verona.example`);
      await Promise.all(names.map((each) => own.put(each, 1)));
      assert.deepEqual((await collect(own.keys())).sort(), names.sort());
    });

    test("buckets do not see each other's keys", async () => {
      const romeo = key();
      await bucket.put(romeo, 1);
      assert.equal((await (await openBucket()).get(romeo)).kind, "missing");
    });

    test("a value of half a megabyte comes back whole", async () => {
      const romeo = key();
      const value = Array.from({ length: 20_000 }, (_, i) => `line ${i} — ünï`);
      await bucket.put(romeo, value);
      assert.deepEqual(expectFound(await bucket.get(romeo)).value, value);
    });

    test("writes to many keys at once are all stored", async () => {
      const keys = Array.from({ length: 100 }, key);
      const outcomes = await Promise.all(keys.map((each, i) => bucket.put(each, i)));
      assert.ok(outcomes.every(({ kind }) => kind === "stored"));
      const fetched = await Promise.all(keys.map((each) => bucket.get(each)));
      assert.deepEqual(
        fetched.map((each) => expectFound(each).value),
        [...keys.keys()],
      );
    });

    test("properties that are not as wanted are named, applied, and then as wanted", async () => {
      const bucketName = `contract-${randomUUID()}`;
      assert.equal((await client.checkBucketProperties(bucketName, properties)).length, 2);
      await client.applyBucketProperties(bucketName, properties);
      assert.deepEqual(await client.checkBucketProperties(bucketName, properties), []);
      await client.applyBucketProperties(bucketName, properties);
      assert.deepEqual(await client.checkBucketProperties(bucketName, { n_val: 99 }), [
        `bucket ${bucketName}: n_val is 3, wanted 99`,
      ]);
    });

    test("quorums are taken", async () => {
      const careful = client.bucket({
        name: `contract-${randomUUID()}`,
        codec: jsonCodec<number>(),
        r: "quorum",
        w: 2,
        dw: "one",
        pr: 1,
        pw: 1,
        timeoutMs: 4_000,
      });
      const romeo = key();
      await careful.put(romeo, 1);
      assert.equal(expectFound(await careful.get(romeo)).value, 1);
      assert.equal(await careful.delete(romeo), "deleted");
    });
  });
}

function expectFound<T>(fetched: Fetched<T>): RiakObject<T> {
  if (fetched.kind !== "found") assert.fail(`expected a value, got ${fetched.kind}`);
  return fetched;
}

function expectStored<T>(stored: Stored<T>): { readonly context: string; readonly etag: string } {
  if (stored.kind !== "stored") assert.fail(`expected one value, got ${stored.kind}`);
  return stored;
}

function expectSiblings<T>(outcome: Fetched<T> | Stored<T>): Siblings<T> {
  if (outcome.kind !== "siblings") assert.fail(`expected siblings, got ${outcome.kind}`);
  return outcome;
}

function valuesOf(siblings: Siblings<unknown>): unknown[] {
  return siblings.siblings.map(({ value }) => value).sort();
}

function byDeleted(one: { readonly deleted: boolean }, other: { readonly deleted: boolean }): number {
  return Number(one.deleted) - Number(other.deleted);
}

async function collect(keys: AsyncIterable<string>): Promise<string[]> {
  const all: string[] = [];
  for await (const key of keys) all.push(key);
  return all;
}
