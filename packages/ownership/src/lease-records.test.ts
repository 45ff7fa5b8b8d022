import assert from "node:assert/strict";
import { test } from "node:test";
import {
  claimKey,
  decodeRecord,
  encodeRecord,
  type LeaseKey,
  type LeaseRecord,
  memberKey,
  parseLeaseKey,
} from "./lease-records.ts";

const member: LeaseRecord = {
  kind: "member",
  instance: "roster-1-00ff",
  session: 2,
  beat: 7,
  leaving: false,
  ttlMs: 15_000,
};
const claim: LeaseRecord = {
  kind: "claim",
  partition: 255,
  owner: { instance: "roster-1-00ff", session: 2 },
};

test("keys and records come back as they were written", () => {
  for (const [key, record] of [
    [memberKey("roster-1-00ff"), member],
    [claimKey(255), claim],
    [claimKey(0), { kind: "claim", partition: 0, owner: undefined }],
  ] as const) {
    const parsed = parseLeaseKey(key);
    assert.ok(parsed !== undefined);
    assert.deepEqual(decodeRecord(parsed, encodeRecord(record)), record);
  }
});

test("the written form of this version stays readable", () => {
  assert.equal(encodeRecord(member), '{"v":1,"session":2,"beat":7,"leaving":false,"ttlMs":15000}');
  assert.equal(encodeRecord(claim), '{"v":1,"owner":"roster-1-00ff","session":2}');
  assert.equal(encodeRecord({ ...claim, owner: undefined }), '{"v":1}');
});

test("what is not ours is not used", () => {
  for (const key of ["", "member", "member.", "claim.-1", "claim.01", "claim.x", "other.1"]) {
    assert.equal(parseLeaseKey(key), undefined, key);
  }
  const keys: LeaseKey[] = [
    { kind: "member", instance: "a" },
    { kind: "claim", partition: 1 },
  ];
  for (const text of [
    "",
    "[]",
    "null",
    "5",
    '{"v":2}',
    '{"v":1,"owner":5}',
    '{"v":1,"owner":"a","session":-1}',
  ]) {
    for (const key of keys) assert.equal(decodeRecord(key, text), undefined, text);
  }
  assert.equal(decodeRecord({ kind: "member", instance: "a" }, '{"v":1}'), undefined);
});
