import assert from "node:assert/strict";
import { test } from "node:test";
import { PARTITIONS } from "@rollcall/contracts";
import { natsServerMissing, startNatsServer } from "@rollcall/nats/testing";
import { silentLogger } from "@rollcall/telemetry";
import { createNatsOwnerMap } from "./nats-owner-map.ts";
import { createNatsOwnership } from "./nats-ownership.ts";
import { ownerMapContract } from "./owner-map.contract.ts";
import type { OwnerMap } from "./ownership.ts";
import { eventually } from "./testing/eventually.ts";

const service = "presence-owner";
const logger = silentLogger;
const missing = natsServerMissing();

const owned = (map: OwnerMap): number =>
  Array.from({ length: PARTITIONS }, (_, partition) => map.ownerOf(partition)).filter(Boolean).length;

if (missing === false) {
  ownerMapContract("the map of a sender", async () => {
    const server = await startNatsServer();
    const connection = await server.connect();
    const map = createNatsOwnerMap({ connection, service, logger });
    const owner = createNatsOwnership({ connection, service, logger, instanceId: "owner" });
    let isReleased = false;
    return {
      map,
      owner,
      settle: async () => {
        await map.whenCurrent();
        // Released or not: all or nothing.
        await eventually("settled", () =>
          isReleased ? map.members().length === 0 : owned(map) === PARTITIONS,
        );
        isReleased = true;
      },
      close: async () => {
        map.stop();
        await owner.release();
        await connection.close();
        await server.stop();
      },
    };
  });

  ownerMapContract("the map of an owner", async () => {
    const server = await startNatsServer();
    const connection = await server.connect();
    const map = createNatsOwnership({ connection, service, logger, instanceId: "map" });
    const owner = createNatsOwnership({ connection, service, logger, instanceId: "owner" });
    let members = 2;
    return {
      map,
      owner,
      settle: async () => {
        const isSettled = (): boolean =>
          owned(map) === PARTITIONS && map.members().length === members && map.notReady().length === 0;
        const hasSeen = (): boolean =>
          members === 1 || (owner.notReady().length === 0 && owner.revision === map.revision);
        await eventually("settled", () => isSettled() && hasSeen());
        members = 1;
      },
      close: async () => {
        await Promise.all([map.release(), owner.release()]);
        await connection.close();
        await server.stop();
      },
    };
  });
}

test("a sender keeps the owners it knows while NATS is away, and follows again afterwards", {
  skip: missing,
  timeout: 30_000,
}, async () => {
  const server = await startNatsServer();
  const connection = await server.connect();
  const map = createNatsOwnerMap({ connection, service, logger });
  const owner = createNatsOwnership({ connection, service, logger, instanceId: "owner" });
  await eventually("all owned", () => owned(map) === PARTITIONS);
  const status = connection.status();
  await server.halt("SIGKILL");
  for await (const { type } of status) if (type === "disconnect") break;
  assert.equal(owned(map), PARTITIONS);
  await server.resume();
  const seen = map.revision;
  await eventually("renewals are seen again", () => map.revision > seen, 20_000);
  assert.equal(owned(map), PARTITIONS);
  await owner.release();
  await eventually("nobody owns anything", () => owned(map) === 0);
  map.stop();
  await connection.close();
  await server.stop();
});
