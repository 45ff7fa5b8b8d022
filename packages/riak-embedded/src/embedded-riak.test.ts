import assert from "node:assert/strict";
import { statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { silentLogger } from "@rollcall/telemetry";
import { open } from "lmdb";
import { openEmbeddedRiak } from "./embedded-riak.ts";
import { EmbeddedRiakError, type EmbeddedRiakErrorCode } from "./embedded-riak-error.ts";
import { JSON_BODY, keepSiblings, openTestStore } from "./testing/open-test-store.ts";
import { temporaryDirectory } from "./testing/temporary-directory.ts";

const text = (response: { body: Uint8Array }): string => Buffer.from(response.body).toString();
const codeIs = (code: EmbeddedRiakErrorCode) => (error: unknown) =>
  error instanceof EmbeddedRiakError && error.code === code;

test("a new directory is for its owner alone", async (t) => {
  const { path: directory, remove } = temporaryDirectory();
  const store = await openEmbeddedRiak({ dir: join(directory, "data", "riak"), logger: silentLogger });
  t.after(async () => {
    await store.close();
    remove();
  });
  for (const path of [join(directory, "data"), join(directory, "data", "riak")]) {
    assert.equal(statSync(path).mode & 0o777, 0o700, path);
  }
});

test("objects, properties and contexts are still good after a restart", async (t) => {
  const store = await openTestStore();
  t.after(() => store.close());
  await keepSiblings(store, "b");
  await store.send("PUT /buckets/b/keys/k", { ...JSON_BODY, "x-riak-meta-owner": "Juliet" }, '"old"');
  const before = await store.send("GET /buckets/b/keys/k");
  await store.reopen();
  const found = await store.send("GET /buckets/b/keys/k");
  assert.deepEqual(found.headers, before.headers);
  assert.equal(text(found), '"old"');
  const seen = { ...JSON_BODY, "x-riak-vclock": before.headers["x-riak-vclock"]! };
  await store.send("PUT /buckets/b/keys/k", seen, '"new"');
  assert.equal(text(await store.send("GET /buckets/b/keys/k")), '"new"');
});

test("a context never covers a value written after it, though the object was swept, the store restarted and the clock set back", async (t) => {
  const store = await openTestStore();
  t.after(() => store.close());
  await keepSiblings(store, "b");
  await store.send("PUT /buckets/b/keys/k", JSON_BODY, '"first life"');
  const { headers } = await store.send("GET /buckets/b/keys/k");
  await store.send("DELETE /buckets/b/keys/k");
  store.advance(3000);
  assert.equal(text(await store.send("GET /buckets/b/keys?keys=true")), '{"keys":[]}');
  await store.reopen({ now: Date.parse("2001-01-01T00:00:00Z") });
  await store.send("PUT /buckets/b/keys/k", JSON_BODY, '"second life"');
  const stale = { ...JSON_BODY, "x-riak-vclock": headers["x-riak-vclock"]! };
  await store.send("PUT /buckets/b/keys/k", stale, '"stale"');
  assert.equal((await store.send("GET /buckets/b/keys/k")).status, 300);
});

test("a tombstone from before a restart is swept after it", async (t) => {
  const store = await openTestStore();
  t.after(() => store.close());
  await store.send("PUT /buckets/b/keys/k", JSON_BODY, "1");
  await store.send("DELETE /buckets/b/keys/k");
  await store.reopen();
  assert.equal((await store.send("GET /buckets/b/keys/k")).headers["x-riak-deleted"], "true");
  store.advance(3000);
  assert.equal((await store.send("GET /buckets/b/keys/k")).headers["x-riak-deleted"], undefined);
  assert.equal(text(await store.send("GET /buckets?buckets=true")), '{"buckets":[]}');
});

test("the line that the documentation promises adds a sibling to a roster and wipes nothing", async (t) => {
  const store = await openTestStore();
  t.after(() => store.close());
  const line = "POST /riak/xmpp/test@test";
  const contact =
    '{"test1@test": {"name": "test1", "groups": ["mytest"], "pending_requests": {}, "subscription": "both"}}';
  assert.equal((await store.send(line, JSON_BODY, contact)).status, 204);
  assert.equal(text(await store.send("GET /buckets/xmpp/keys/test%40test")), contact);
  await keepSiblings(store, "xmpp");
  assert.equal((await store.send(line, JSON_BODY, contact)).status, 204);
  assert.equal((await store.send("GET /buckets/xmpp/keys/test%40test")).status, 300);
});

test("a directory is open once in a process, and again after it was closed", async (t) => {
  const store = await openTestStore();
  t.after(() => store.close());
  const again = () => openEmbeddedRiak({ dir: store.dir, logger: silentLogger });
  await assert.rejects(again(), codeIs("in-use"));
  await store.reopen();
  assert.equal((await store.send("GET /ping")).status, 200);
});

test("a store that another process took over writes nothing more", async (t) => {
  const store = await openTestStore();
  t.after(() => store.close());
  await store.send("PUT /buckets/b/keys/k", JSON_BODY, "1");
  const other = open<Uint8Array, Uint8Array>({ path: store.dir, encoding: "binary", keyEncoding: "binary" });
  t.after(() => other.close());
  await other.put(Buffer.from("owner"), Buffer.from('{"token":"of somebody else"}'));
  const refused = await store.send("PUT /buckets/b/keys/k", JSON_BODY, "2");
  assert.equal(refused.status, 503);
  assert.equal(text(refused), "Error:\n{in-use}\n");
  assert.equal(text(await store.send("GET /buckets/b/keys/k")), "1");
});

test("a store of another format is refused", async (t) => {
  const directory = temporaryDirectory();
  t.after(() => directory.remove());
  const other = open<Uint8Array, Uint8Array>({
    path: directory.path,
    encoding: "binary",
    keyEncoding: "binary",
  });
  await other.put(Buffer.from("format"), Buffer.of(99));
  await other.close();
  await assert.rejects(openEmbeddedRiak({ dir: directory.path, logger: silentLogger }), codeIs("bad-store"));
});

test("after close every request is answered 503", async (t) => {
  const store = await openTestStore();
  t.after(() => store.close());
  await store.riak.close();
  for (const line of ["GET /buckets/b/keys/k", "PUT /buckets/b/keys/k", "GET /buckets/b/keys?keys=true"]) {
    assert.equal((await store.send(line, JSON_BODY, "1")).status, 503, line);
  }
});

test("what a socket could not carry is refused without one, too", async (t) => {
  const store = await openTestStore();
  t.after(() => store.close());
  const put = async (headers: Record<string, string>, path = "/buckets/b/keys/k"): Promise<number> =>
    (await store.send(`PUT ${path}`, { ...JSON_BODY, ...headers }, "1")).status;
  assert.equal(await put({ "x-riak-meta-a": "line\nfeed" }), 400);
  assert.equal(await put({ "x-riak-meta-a": "\u{1F600}" }), 400);
  assert.equal(await put({ "x-riak-meta-a b": "1" }), 400);
  assert.equal(await put({ "content-type": "a/b; x=\u0001" }), 400);
  assert.equal(await put({ "x-riak-meta-a": "x".repeat(8200) }), 431);
  assert.equal(await put({ "x-riak-meta-__proto__": "kept" }), 204);
  assert.equal((await store.send("GET /buckets/b/keys/k")).headers["x-riak-meta-__proto__"], "kept");
  assert.equal(await put({}, `/buckets/b/keys/${"k".repeat(9000)}`), 400);
  assert.equal(await put({}, "/buckets/b/keys/\u{1F600}"), 400);
  assert.equal(await put({}, `/buckets/${"b".repeat(1001)}/keys/k`), 400);
});

test("an object over the limit is refused with its size", async (t) => {
  const store = await openTestStore({ maxObjectBytes: 100 });
  t.after(() => store.close());
  await keepSiblings(store, "b");
  assert.equal((await store.send("PUT /buckets/b/keys/k", JSON_BODY, "x".repeat(100))).status, 204);
  for (const body of ["x".repeat(101), "x"]) {
    const refused = await store.send("PUT /buckets/b/keys/k", JSON_BODY, body);
    assert.equal(refused.status, 500);
    assert.equal(text(refused), "Error:\n{too_large,101}\n");
  }
});

test("large objects and long lists come back whole", async (t) => {
  const store = await openTestStore();
  t.after(() => store.close());
  const large = Buffer.alloc(3_000_000, "0123456789");
  await store.send("PUT /buckets/large/keys/k", { "content-type": "application/octet-stream" }, large);
  const found = await store.send("GET /buckets/large/keys/k");
  assert.ok(large.equals(found.body));
  const keys = Array.from({ length: 2500 }, (_, index) => `key-${String(index).padStart(5, "0")}`);
  await Promise.all(keys.map((key) => store.send(`PUT /buckets/many/keys/${key}`, JSON_BODY, "1")));
  const listed = JSON.parse(text(await store.send("GET /buckets/many/keys?keys=true"))) as { keys: string[] };
  assert.deepEqual(listed.keys, keys);
  const streamed = text(await store.send("GET /buckets/many/keys?keys=stream"));
  const pages = streamed.split(/(?<=\})(?=\{)/).map((page) => JSON.parse(page) as { keys: string[] });
  assert.deepEqual(
    pages.flatMap((page) => page.keys),
    keys,
  );
  assert.ok(pages.length > 2);
  const indexed = JSON.parse(text(await store.send("GET /buckets/many/index/$bucket/_"))) as {
    keys: string[];
  };
  assert.deepEqual(indexed.keys, keys);
});

test("an answer's body stays what it was while the store goes on", async (t) => {
  const store = await openTestStore();
  t.after(() => store.close());
  const value = "a".repeat(20_000);
  await store.send("PUT /buckets/b/keys/k", JSON_BODY, value);
  const found = await store.send("GET /buckets/b/keys/k");
  await store.send("PUT /buckets/b/keys/other", JSON_BODY, "b".repeat(20_000));
  await store.send("GET /buckets/b/keys/other");
  assert.equal(text(found), value);
});
