import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  decodeManifest,
  encodeManifest,
  type ManifestSession,
  manifestKey,
  parseManifestKey,
} from "./manifest-records.ts";
import { ManifestTable } from "./manifest-table.ts";

function session(handle: number, ...directed: string[]): ManifestSession {
  return { session: handle, jid: `jürgen@example.org/${handle}` as ManifestSession["jid"], directed };
}

describe("a note", () => {
  test("says the same when it is read again", () => {
    const sessions = [session(1, "room@example.org", 'a"b@example.org'), session(4_294_967_295), session(3)];
    const { value, cut } = encodeManifest(sessions);
    assert.equal(cut, 0);
    assert.deepEqual(decodeManifest(value), sessions);
    assert.deepEqual(decodeManifest(encodeManifest([]).value), []);
  });

  test("that is too large keeps the sessions, and leaves out what does not fit", () => {
    const sessions = Array.from({ length: 10 }, (_, i) => session(i, "x".repeat(100), "y".repeat(100)));
    const plain = encodeManifest(sessions.map(({ session: handle }) => session(handle)));
    const limit = Buffer.byteLength(plain.value) + 450;
    const { value, cut } = encodeManifest(sessions, limit);
    assert.ok(Buffer.byteLength(value) <= limit);
    assert.equal(cut, 8);
    assert.deepEqual(
      decodeManifest(value).map(({ directed }) => directed.length),
      [2, 2, 0, 0, 0, 0, 0, 0, 0, 0],
    );
    const tiny = encodeManifest(sessions, 100);
    assert.ok(Buffer.byteLength(tiny.value) <= 100);
    assert.equal(tiny.cut, 10);
    assert.equal(decodeManifest(tiny.value).length, 3);
  });

  test("that no node wrote is not taken for one", () => {
    for (const value of ["", "{}", "[1]", '[["1","a@b/c"]]', "[[1]]", '[[1,"a@b/c",2]]']) {
      assert.throws(() => decodeManifest(value), value);
    }
  });

  test("has a key that names its node and partition", () => {
    assert.deepEqual(parseManifestKey(manifestKey("node-1", 255)), { nodeId: "node-1", partition: 255 });
    for (const key of ["node-1", "node.256", ".1", "node.", "node.x", "node.0001"]) {
      assert.equal(parseManifestKey(key), undefined, key);
    }
  });
});

describe("the table of keys", () => {
  const put = (table: ManifestTable, key: string, revision: number, isThere = true) =>
    table.seen(key, parseManifestKey(key), { revision, isThere, at: revision });

  test("forgets what did not come again", () => {
    const table = new ManifestTable();
    table.begins();
    put(table, "a.1", 1);
    put(table, "b.1", 2);
    table.caughtUp(2);
    table.begins();
    put(table, "b.1", 2);
    assert.deepEqual(table.nodesWith(1), ["a", "b"]);
    table.caughtUp(9);
    assert.deepEqual(table.nodesWith(1), ["b"]);
    assert.equal(table.revision, 9);
  });

  test("knows the marks of what was removed, the oldest first", () => {
    const table = new ManifestTable();
    put(table, "a.1", 1);
    put(table, "a.1", 2, false);
    put(table, "a.2", 3, false);
    put(table, "a.3", 4, false);
    put(table, "a.2", 5);
    assert.deepEqual(table.nodesWith(1), []);
    assert.deepEqual(table.marksBefore(4, 10), [{ key: "a.1", revision: 2 }]);
    assert.deepEqual(table.marksBefore(9, 1), [{ key: "a.1", revision: 2 }]);
    table.markRemoved("a.1", 2);
    table.markRemoved("a.3", 1);
    assert.deepEqual(table.marksBefore(9, 10), [{ key: "a.3", revision: 4 }]);
  });
});
