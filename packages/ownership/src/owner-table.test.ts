import assert from "node:assert/strict";
import { test } from "node:test";
import type { LeaseEntry } from "./lease-actions.ts";
import { claimKey, memberKey } from "./lease-records.ts";
import { OwnerTable } from "./owner-table.ts";
import { isSuperseded, type OwnerMap } from "./ownership.ts";

function member(instance: string, session: number, revision: number): [string, LeaseEntry] {
  const record = { kind: "member", instance, session, beat: 1, leaving: false, ttlMs: 1_000 } as const;
  return [memberKey(instance), { revision, record }];
}

function claim(partition: number, instance: string, session: number, revision: number): [string, LeaseEntry] {
  const record = { kind: "claim", partition, owner: { instance, session } } as const;
  return [claimKey(partition), { revision, record }];
}

function gone(key: string, revision: number): [string, LeaseEntry] {
  return [key, { revision, record: undefined }];
}

test("a claim counts while its member is there in that session, and each change is told once", () => {
  const table = new OwnerTable(4);
  assert.deepEqual(table.seen(...claim(1, "a", 1, 5)), []);
  assert.equal(table.ownerOf(1), undefined);
  assert.deepEqual(table.seen(...member("a", 1, 6)), [1]);
  assert.deepEqual(table.ownerOf(1), { instanceId: "a", epoch: 5 });
  assert.deepEqual(table.seen(...member("a", 1, 7)), []);
  assert.deepEqual(table.seen(...member("a", 2, 8)), [1]);
  assert.equal(table.ownerOf(1), undefined);
  assert.deepEqual(table.seen(...claim(1, "a", 2, 9)), [1]);
  assert.deepEqual(table.seen(...claim(1, "b", 1, 4)), []);
  assert.deepEqual(table.seen(...gone(memberKey("a"), 10)), [1]);
  assert.equal(table.ownerOf(1), undefined);
  assert.equal(table.revision, 10);
});

test("an owner that proved to be one counts until a later claim or its end", () => {
  const table = new OwnerTable(4);
  table.seen(...member("a", 1, 1));
  table.seen(...claim(0, "a", 1, 2));
  assert.equal(table.note(0, { instanceId: "b", epoch: 2 }), false);
  assert.equal(table.note(0, { instanceId: "b", epoch: 5 }), true);
  assert.deepEqual(table.ownerOf(0), { instanceId: "b", epoch: 5 });
  table.seen(...member("b", 1, 4));
  assert.deepEqual(table.seen(...claim(0, "b", 1, 5)), []);
  assert.deepEqual(table.seen(...gone(memberKey("b"), 6)), [0]);
  assert.equal(table.ownerOf(0), undefined);
});

test("what does not come again after the watch was made anew is not there any more", () => {
  const table = new OwnerTable(4);
  table.seen(...member("a", 1, 1));
  table.seen(...claim(0, "a", 1, 2));
  table.seen(...claim(1, "a", 1, 3));
  table.replayBegins(table.revision);
  table.seen(...member("a", 1, 1));
  table.seen(...claim(0, "a", 1, 2));
  assert.deepEqual(table.replayEnds(), [1]);
  assert.deepEqual(table.ownerOf(0), { instanceId: "a", epoch: 2 });
});

test("who acted before it could know of a later owner is superseded", () => {
  const map = { ownerOf: () => ({ instanceId: "b", epoch: 7 }) } as unknown as OwnerMap;
  assert.equal(isSuperseded(map, 0, "a", 6), true);
  assert.equal(isSuperseded(map, 0, "a", 7), false);
  assert.equal(isSuperseded(map, 0, "b", 1), false);
});

test("a bucket that was lost and made anew counts from its own beginning", () => {
  const table = new OwnerTable(4);
  table.seen(...member("a", 1, 40_000));
  table.seen(...claim(1, "a", 1, 40_001));
  table.note(2, { instanceId: "a", epoch: 40_002 });
  assert.deepEqual(table.replayBegins(2), [1, 2]);
  assert.equal(table.ownerOf(1), undefined);
  assert.equal(table.revision, 0);
  table.seen(...member("b", 1, 1));
  assert.deepEqual(table.seen(...claim(1, "b", 1, 2)), [1]);
  table.replayEnds();
  assert.deepEqual(table.ownerOf(1), { instanceId: "b", epoch: 2 });
  assert.equal(table.ownerOf(2), undefined);
});
