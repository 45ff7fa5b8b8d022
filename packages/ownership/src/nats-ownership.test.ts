import assert from "node:assert/strict";
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { after, afterEach, before, describe, type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { jetstreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import { PARTITIONS, subjects } from "@rollcall/contracts";
import { natsServerMissing, startNatsServer, type TestNatsServer } from "@rollcall/nats/testing";
import { silentLogger } from "@rollcall/telemetry";
import { createNatsOwnership, type NatsOwnership, type NatsOwnershipOptions } from "./nats-ownership.ts";
import { ownershipContract } from "./ownership.contract.ts";
import { eventually } from "./testing/eventually.ts";

const missing = natsServerMissing();
let instances = 0;
let opened: NatsOwnership[] = [];

function open(connection: NatsConnection, options: Partial<NatsOwnershipOptions> = {}): NatsOwnership {
  instances += 1;
  const ownership = createNatsOwnership({
    connection,
    service: "roster-owner",
    instanceId: `roster-${instances}-${process.pid}`,
    logger: silentLogger,
    ...options,
  });
  opened.push(ownership);
  return ownership;
}

const owned = (ownership: NatsOwnership): number[] =>
  Array.from({ length: PARTITIONS }, (_, partition) => partition).filter(
    (partition) => ownership.epochOf(partition) !== undefined,
  );

/** Each partition has one owner, and all know it as that, with its epoch. */
function isDivided(ownerships: readonly NatsOwnership[]): boolean {
  for (let partition = 0; partition < PARTITIONS; partition += 1) {
    const owners = ownerships.filter((ownership) => ownership.epochOf(partition) !== undefined);
    assert.ok(owners.length < 2, `partition ${partition} has ${owners.length} owners`);
    const epoch = owners[0]?.epochOf(partition);
    if (epoch === undefined) return false;
    if (ownerships.some((ownership) => ownership.ownerOf(partition)?.epoch !== epoch)) return false;
  }
  return true;
}

const settled = (...ownerships: NatsOwnership[]): boolean =>
  ownerships.every(
    (ownership) => ownership.notReady().length === 0 && ownership.members().length === ownerships.length,
  ) && isDivided(ownerships);

if (missing === false) {
  ownershipContract("ownership by leases in NATS", async () => {
    const server = await startNatsServer();
    const connection = await server.connect();
    const ownership = open(connection);
    return {
      ownership,
      settle: async () => void (await eventually("settled", () => settled(ownership))),
      close: async () => {
        await ownership.release();
        await connection.close();
        await server.stop();
      },
    };
  });
}

describe("ownership by leases in NATS", { skip: missing, timeout: 180_000 }, () => {
  let server: TestNatsServer;
  let connection: NatsConnection;
  before(async () => {
    server = await startNatsServer();
    connection = await server.connect();
  });
  afterEach(async () => {
    await Promise.all(opened.map((ownership) => ownership.release()));
    opened = [];
  });
  after(async () => {
    await connection.close();
    await server.stop();
  });

  test("instances divide the partitions, and one that leaves hands over its own, and moves no other", async () => {
    const [romeo, juliet] = [open(connection), open(connection)];
    await eventually("two settled", () => settled(romeo, juliet));
    const nurse = open(connection);
    await eventually("three settled", () => settled(romeo, juliet, nurse));

    const leaving = owned(nurse);
    assert.ok(leaving.length > PARTITIONS / 6);
    const moved: number[] = [];
    for (const ownership of [romeo, juliet]) {
      const before = new Set(owned(ownership));
      ownership.watch({
        gained: (partition) => void (before.has(partition) || moved.push(partition)),
        lost: (partition) => assert.fail(`${partition} was lost`),
      });
    }
    assert.equal(nurse.leaseNumbers().partitions, leaving.length);
    assert.ok(nurse.leaseNumbers().leaseLeft > 0);
    assert.equal(nurse.counters.won, leaving.length);
    const givenToNurse = romeo.counters.handedOver + juliet.counters.handedOver;
    await nurse.release();
    await eventually("taken over", () => settled(romeo, juliet));
    assert.ok(givenToNurse >= leaving.length);
    assert.equal(nurse.counters.handedOver, leaving.length);
    assert.equal(nurse.counters.lost, 0);
    assert.deepEqual(nurse.leaseNumbers().partitions, 0);
    assert.deepEqual(
      moved.sort((a, b) => a - b),
      leaving,
    );
  });

  test("services do not share leases", async () => {
    const roster = open(connection);
    const presence = open(connection, { service: "presence-owner" });
    await eventually("both settled", () => settled(roster) && settled(presence));
  });

  test("a hand-over waits for the work under way", async () => {
    const first = open(connection, { ttlMs: 3_000 });
    await eventually("one settled", () => settled(first));
    let finish = (): void => {};
    const working = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const moved: number[] = [];
    first.watch({
      gained() {},
      lost: (partition) => {
        moved.push(partition);
        return working;
      },
    });
    const second = open(connection, { ttlMs: 3_000 });
    await eventually("asked to hand over", () => moved.length > 0 && second.members().length === 2);
    const seen = second.revision;
    // Both renew after 600 ms; a claim would have come long before.
    await eventually("renewals", () => second.revision > seen + 1);
    assert.deepEqual(owned(second), []);
    finish();
    await eventually("two settled", () => settled(first, second));
  });

  /** An instance in a process of its own; it does not outlive the test. */
  async function startProcess(test: TestContext, ttlMs: number): Promise<ChildProcess> {
    const helper = fileURLToPath(new URL("./testing/owner-process.js", import.meta.url));
    const child = fork(helper, [String(server.port), String(ttlMs)]);
    test.after(() => child.kill("SIGKILL"));
    await once(child, "message");
    return child;
  }

  test("a killed process is noticed by the absence of its instance, long before its lease is over", async (t) => {
    const ttlMs = 60_000;
    const survivor = open(connection, { ttlMs });
    const killed = await startProcess(t, ttlMs);
    await eventually(
      "two members",
      () => owned(survivor).length < PARTITIONS && survivor.members().length === 2,
    );
    killed.kill("SIGKILL");
    await eventually("taken over", () => settled(survivor));
  });

  test("a frozen process loses its partitions when its lease is over, and knows when it wakes", async (t) => {
    const ttlMs = 3_000;
    const survivor = open(connection, { ttlMs });
    const frozen = await startProcess(t, ttlMs);
    await eventually(
      "two members",
      () => owned(survivor).length < PARTITIONS && survivor.members().length === 2,
    );
    frozen.kill("SIGSTOP");
    await eventually("taken over", () => settled(survivor));
    const epochs = owned(survivor).map((partition) => survivor.epochOf(partition));
    const [report] = await Promise.all([once(frozen, "message"), frozen.kill("SIGCONT")]);
    assert.equal(report[0], "lost everything");
    assert.ok(epochs.every((epoch) => epoch !== undefined));
    frozen.kill("SIGKILL");
    await eventually("alone again", () => settled(survivor));
  });

  test("a server that is restarted moves nothing, and one that is away too long stops the owners", async () => {
    const ownership = open(connection, { ttlMs: 5_000 });
    await eventually("settled", () => settled(ownership));
    const epoch = ownership.epochOf(0);
    const renewed = ownership.revision;
    await server.halt("SIGKILL");
    await server.resume();
    await eventually(
      "the lease is confirmed",
      () => ownership.revision > renewed && owned(ownership).length > 0,
    );
    assert.equal(ownership.epochOf(0), epoch);
    await server.halt();
    await eventually("stopped", () => owned(ownership).length === 0);
    await server.resume();
    await eventually("settled again", () => settled(ownership));
    assert.ok((ownership.epochOf(0) ?? 0) > (epoch ?? 0));
  });

  test("a bucket that NATS has lost is made anew, and the partitions are owned again", async () => {
    const romeo = open(connection);
    await eventually("settled", () => settled(romeo));
    const epochs = (): number[] => owned(romeo).map((partition) => romeo.epochOf(partition) ?? 0);
    const lowest = Math.min(...epochs());
    assert.ok(lowest > 2 * PARTITIONS, "the bucket is used enough to tell it from a new one");
    const manager = await jetstreamManager(connection);
    await manager.streams.delete(`KV_${subjects.leaseBucket("roster-owner")}`);
    await eventually(
      "owned by the new bucket",
      () => settled(romeo) && Math.max(...epochs()) < lowest,
      60_000,
    );
  });
});
