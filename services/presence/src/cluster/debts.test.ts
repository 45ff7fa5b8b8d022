import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { BusError } from "@rollcall/bus";
import { silentLogger } from "@rollcall/telemetry";
import type { BareJid } from "@rollcall/xmpp";
import { DebtGroup, Debts } from "./debts.ts";

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function open(perSecond: number) {
  let ticks = 0;
  const debts = new Debts({
    perSecond,
    logger: silentLogger,
    sleep: () => {
      ticks += 1;
      return turn();
    },
  });
  return { debts, ticks: () => ticks };
}

const jid = (name: string): BareJid => `${name}@example.com` as BareJid;

describe("debts", () => {
  it("are paid at a rate, and the group is done after the last one", async () => {
    const { debts, ticks } = open(40);
    let paid = 0;
    let doneAfter = 0;
    await new Promise<void>((resolve) => {
      const group = new DebtGroup(() => {
        doneAfter = paid;
        resolve();
      });
      for (let n = 0; n < 10; n += 1) {
        debts.add({ account: jid(`p${n}`), pay: async () => void paid++, group });
      }
    });
    assert.equal(doneAfter, 10);
    assert.equal(ticks(), 5, "two in 50 ms");
  });

  it("of an account that does something new are paid at once, in order", async () => {
    const { debts } = open(20);
    const paid: string[] = [];
    const group = new DebtGroup(() => {});
    const add = (name: string, what: string): void =>
      debts.add({ account: jid(name), pay: async () => void paid.push(what), group });
    for (let n = 0; n < 5; n += 1) add(`p${n}`, `p${n}`);
    add("juliet", "first");
    add("juliet", "second");
    await debts.settle(jid("juliet"));
    assert.deepEqual(
      paid.filter((what) => !what.startsWith("p")),
      ["first", "second"],
    );
    assert.ok(paid.length <= 3, "the others wait for their turn");
    assert.equal(debts.settle(jid("nurse")), undefined);
    debts.forget(() => true);
    assert.equal(debts.accounts, 0);
  });

  it("that could not be paid leave their group open, others not", async () => {
    const { debts } = open(1_000);
    const closed: string[] = [];
    const broken = new DebtGroup(() => closed.push("broken"));
    const fenced = new DebtGroup(() => closed.push("fenced"));
    const fine = new DebtGroup(() => closed.push("fine"));
    debts.add({ account: jid("a"), pay: () => Promise.reject(new Error("no roster")), group: broken });
    debts.add({ account: jid("b"), pay: () => Promise.reject(new BusError("fenced", "")), group: fenced });
    debts.add({ account: jid("c"), pay: async () => {}, group: fine });
    await turn();
    await turn();
    assert.deepEqual(closed, ["fine"]);
  });
});
