/** What every ownership must do. `settle` resolves when the instance owns what it is going to own. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { PARTITIONS } from "@rollcall/contracts";
import type { Ownership } from "./ownership.ts";

export interface OwnershipUnderTest {
  readonly ownership: Ownership;
  settle(): Promise<void>;
  close(): Promise<void>;
}

export function ownershipContract(name: string, make: () => Promise<OwnershipUnderTest>): void {
  const withOwnership = async (run: (ownership: Ownership) => Promise<void>): Promise<void> => {
    const made = await make();
    try {
      await made.settle();
      await run(made.ownership);
    } finally {
      await made.close();
    }
  };

  describe(`${name} keeps the contract of ownership`, () => {
    test("a single instance owns every partition, each with a positive epoch", () =>
      withOwnership(async (ownership) => {
        for (let partition = 0; partition < PARTITIONS; partition += 1) {
          assert.ok((ownership.epochOf(partition) ?? 0) > 0, `partition ${partition}`);
        }
        assert.equal(ownership.epochOf(PARTITIONS), undefined);
        assert.equal(ownership.epochOf(-1), undefined);
      }));

    test("a listener hears of what is owned already, once each, with the epoch that epochOf tells", () =>
      withOwnership(async (ownership) => {
        const gained = new Map<number, number>();
        const stop = ownership.watch({
          gained(partition, epoch) {
            assert.equal(gained.has(partition), false);
            gained.set(partition, epoch);
          },
          lost: () => assert.fail("nothing is lost"),
        });
        stop();
        assert.equal(gained.size, PARTITIONS);
        for (const [partition, epoch] of gained) assert.equal(ownership.epochOf(partition), epoch);
      }));

    test("after release nothing is owned, every loss was told, and releasing again does nothing", () =>
      withOwnership(async (ownership) => {
        const lost = new Set<number>();
        ownership.watch({ gained() {}, lost: (partition) => void lost.add(partition) });
        await ownership.release();
        await ownership.release();
        assert.equal(lost.size, PARTITIONS);
        assert.equal(ownership.epochOf(7), undefined);
      }));

    test("release waits for the work under way that a listener tells of", () =>
      withOwnership(async (ownership) => {
        const order: string[] = [];
        ownership.watch({
          gained() {},
          async lost(partition) {
            if (partition !== 7) return;
            await new Promise((resolve) => setTimeout(resolve, 5));
            order.push("finished");
          },
        });
        await ownership.release();
        order.push("released");
        assert.deepEqual(order, ["finished", "released"]);
      }));

    test("a listener that stopped watching hears nothing more", () =>
      withOwnership(async (ownership) => {
        let told = 0;
        const stop = ownership.watch({
          gained() {},
          lost: () => {
            told += 1;
          },
        });
        stop();
        await ownership.release();
        assert.equal(told, 0);
      }));
  });
}
