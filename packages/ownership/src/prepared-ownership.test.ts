import assert from "node:assert/strict";
import { test } from "node:test";
import { silentLogger } from "@rollcall/telemetry";
import { ownershipContract } from "./ownership.contract.ts";
import type { Ownership, OwnershipListener } from "./ownership.ts";
import { createPreparedOwnership } from "./prepared-ownership.ts";
import { createSoleOwnership } from "./sole-ownership.ts";

ownershipContract("prepared ownership", async () => {
  const ownership = createPreparedOwnership({ ownership: createSoleOwnership(), logger: silentLogger });
  ownership.prepareWith({ gained: async () => {}, lost() {} });
  return {
    ownership,
    settle: () => new Promise((resolve) => setImmediate(resolve)),
    close: () => ownership.release(),
  };
});

/** One partition, won and lost as the test says. */
class Scripted implements Ownership {
  epoch: number | undefined;
  #listener: OwnershipListener | undefined;

  epochOf(): number | undefined {
    return this.epoch;
  }

  watch(listener: OwnershipListener): () => void {
    this.#listener = listener;
    return () => {};
  }

  gain(epoch: number): void {
    this.epoch = epoch;
    this.#listener?.gained(0, epoch);
  }

  async lose(): Promise<void> {
    this.epoch = undefined;
    await this.#listener?.lost(0, true);
  }

  async release(): Promise<void> {}
}

test("a partition shows when it is prepared, and not at all when it is lost before", async () => {
  const scripted = new Scripted();
  const ownership = createPreparedOwnership({ ownership: scripted, logger: silentLogger });
  const ready: (() => void)[] = [];
  const told: string[] = [];
  ownership.watch({
    gained: (_partition, epoch) => void told.push(`gained ${epoch}`),
    lost: () => void told.push("lost"),
  });
  assert.equal(ownership.notReady().length, 1);
  ownership.prepareWith({
    gained: (_partition, epoch) => {
      told.push(`preparing ${epoch}`);
      return new Promise((resolve) => ready.push(resolve));
    },
    lost: () => void told.push("forgotten"),
  });
  scripted.gain(3);
  assert.equal(ownership.epochOf(0), undefined);
  assert.equal(ownership.notReady().length, 1);
  await scripted.lose();
  scripted.gain(5);
  ready[0]?.();
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(ownership.epochOf(0), undefined);
  ready[1]?.();
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(ownership.epochOf(0), 5);
  assert.deepEqual(ownership.notReady(), []);
  await scripted.lose();
  assert.equal(ownership.epochOf(0), undefined);
  assert.deepEqual(told, ["preparing 3", "forgotten", "preparing 5", "gained 5", "lost", "forgotten"]);
});

test("a partition that comes back is prepared after the work of its last tenure is finished and forgotten", async () => {
  const scripted = new Scripted();
  const ownership = createPreparedOwnership({ ownership: scripted, logger: silentLogger });
  const told: string[] = [];
  let finish = (): void => {};
  ownership.watch({
    gained: () => {
      throw new Error("a listener that throws");
    },
    lost: () =>
      new Promise((resolve) => {
        finish = resolve;
      }),
  });
  ownership.watch({
    gained: (_partition, epoch) => void told.push(`gained ${epoch}`),
    lost: () => {
      throw new Error("another one");
    },
  });
  ownership.prepareWith({
    gained: async (_partition, epoch) => void told.push(`preparing ${epoch}`),
    lost: () => void told.push("forgotten"),
  });
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  scripted.gain(3);
  await turn();
  const lost = scripted.lose();
  scripted.gain(5);
  await turn();
  assert.deepEqual(told, ["preparing 3", "gained 3"]);
  assert.equal(ownership.epochOf(0), undefined);
  finish();
  await lost;
  await turn();
  assert.deepEqual(told, ["preparing 3", "gained 3", "forgotten", "preparing 5", "gained 5"]);
  assert.equal(ownership.epochOf(0), 5);
});

test("how long a preparation takes is measured, unless the partition is lost meanwhile", async () => {
  const scripted = new Scripted();
  const ownership = createPreparedOwnership({ ownership: scripted, logger: silentLogger });
  const ready: (() => void)[] = [];
  ownership.prepareWith({ gained: () => new Promise((resolve) => ready.push(resolve)), lost() {} });
  scripted.gain(1);
  await scripted.lose();
  ready[0]?.();
  scripted.gain(2);
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(ownership.preparationSeconds.count, 0);
  ready[1]?.();
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(ownership.epochOf(0), 2);
  assert.equal(ownership.preparationSeconds.count, 1);
});
