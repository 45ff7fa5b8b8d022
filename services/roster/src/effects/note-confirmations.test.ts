import assert from "node:assert/strict";
import { test } from "node:test";
import type { CommandId } from "@rollcall/contracts";
import { silentLogger } from "@rollcall/telemetry";
import type { BareJid } from "@rollcall/xmpp";
import { Confirmations } from "./confirmations.ts";
import { NoteConfirmations } from "./note-confirmations.ts";

const id: CommandId = { origin: "n", session: 1, sequence: 1 };
const account = (n: number): BareJid => `account-${n}@x.example` as BareJid;

test("confirmations are found by age, and those that wait longest first", () => {
  const confirmations = new Confirmations();
  confirmations.add(account(1), id, 10);
  confirmations.add(account(2), id, 20);
  confirmations.add(account(1), { ...id, sequence: 2 }, 30);
  assert.deepEqual(confirmations.olderThan(9), []);
  assert.deepEqual(confirmations.olderThan(10), [account(1)]);
  assert.deepEqual(confirmations.olderThan(20), [account(1), account(2)]);
});

test("at the end everything is noted, a few at a time, and what fails keeps waiting", async () => {
  const confirmations = new Confirmations();
  for (let n = 0; n < 100; n += 1) confirmations.add(account(n), id, n);
  let underWay = 0;
  let most = 0;
  const noting = new NoteConfirmations({
    confirmations,
    clock: { now: () => 100 },
    logger: silentLogger,
    note: async (owner) => {
      underWay += 1;
      most = Math.max(most, underWay);
      await Promise.resolve();
      underWay -= 1;
      if (owner === account(7)) throw new Error("the store is away");
      confirmations.forget(owner);
    },
  });
  await noting.finish();
  assert.deepEqual(confirmations.olderThan(100), [account(7)]);
  assert.ok(most > 1 && most <= 8, `${most} at a time`);
});
