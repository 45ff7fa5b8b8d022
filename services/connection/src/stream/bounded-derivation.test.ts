import assert from "node:assert/strict";
import { test } from "node:test";
import { scramHashes } from "@rollcall/xmpp";
import { boundDerivation, DerivationBusyError } from "./bounded-derivation.ts";

test("passwords are hashed a few at a time, the rest waits in order, and too many are refused", async () => {
  const started: string[] = [];
  const finish: (() => void)[] = [];
  const derive = boundDerivation(2, 1, (password) => {
    started.push(password);
    return new Promise((resolve) => finish.push(() => resolve(new Uint8Array(1))));
  });
  const hash = (password: string) => derive(password, new Uint8Array(1), 1, scramHashes["SCRAM-SHA-256"]);

  const first = hash("a");
  const second = hash("b");
  const third = hash("c");
  await assert.rejects(hash("d"), DerivationBusyError);
  assert.deepEqual(started, ["a", "b"]);
  finish[0]!();
  await first;
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(started, ["a", "b", "c"]);
  finish[1]!();
  finish[2]!();
  await Promise.all([second, third]);
  const fourth = hash("e");
  finish[3]!();
  await fourth;
});

test("a derivation that fails makes room for the next", async () => {
  let calls = 0;
  const derive = boundDerivation(1, 1, async () => {
    if (calls++ === 0) throw new Error("no");
    return new Uint8Array(1);
  });
  const hash = () => derive("a", new Uint8Array(1), 1, scramHashes["SCRAM-SHA-256"]);
  const results = await Promise.allSettled([hash(), hash()]);
  assert.deepEqual(
    results.map(({ status }) => status),
    ["rejected", "fulfilled"],
  );
});
