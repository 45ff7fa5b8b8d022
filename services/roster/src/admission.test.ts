import assert from "node:assert/strict";
import { test } from "node:test";
import type { BareJid } from "@rollcall/xmpp";
import { Admission } from "./admission.ts";

const juliet = "juliet@x.example" as BareJid;
const romeo = "romeo@x.example" as BareJid;

test("what comes for an account begins in the order of arrival, however long its store takes to answer", async () => {
  const answers: ((exists: boolean) => void)[] = [];
  const admission = new Admission({
    exists: () => new Promise((resolve) => answers.push(resolve)),
  });
  const begun: string[] = [];
  const begin = (name: string) => async () => void begun.push(name);
  const all = [
    admission.admit(juliet, begin("first")),
    admission.admit(juliet, begin("second")),
    admission.admit(romeo, begin("somebody else's")),
  ];
  answers[1]?.(true);
  await all[2];
  assert.deepEqual(begun, ["somebody else's"]);
  answers[0]?.(true);
  await all[0];
  answers[2]?.(true);
  await all[1];
  assert.deepEqual(begun, ["somebody else's", "first", "second"]);
});

test("what is under way holds nothing up", async () => {
  const admission = new Admission({ exists: async () => true });
  let end = (): void => {};
  const slow = admission.admit(
    juliet,
    () =>
      new Promise<void>((resolve) => {
        end = resolve;
      }),
  );
  assert.deepEqual(await admission.admit(juliet, async () => 2), { result: 2 });
  end();
  await slow;
});

test("nothing begins for an account that does not exist", async () => {
  const admission = new Admission({ exists: async () => false });
  assert.equal(await admission.admit(juliet, () => assert.fail("begun")), undefined);
});
