import assert from "node:assert/strict";
import { test } from "node:test";
import { jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { PARTITIONS, subjects } from "@rollcall/contracts";
import { freePorts, natsServerMissing, startNatsServer } from "@rollcall/nats/testing";
import { silentLogger } from "@rollcall/telemetry";
import { createNatsOwnership } from "./nats-ownership.ts";
import { eventually } from "./testing/eventually.ts";

const service = "roster-owner";

test("nobody loses a partition when the leader of a bucket with three replicas dies", {
  skip: natsServerMissing(),
  timeout: 60_000,
}, async () => {
  const routePorts = await freePorts(3);
  const routes = routePorts.map((port) => `"nats://127.0.0.1:${port}"`).join(", ");
  const servers = await Promise.all(
    routePorts.map((port, i) =>
      startNatsServer(
        `server_name: "n${i}"\ncluster { name: "verona", listen: "127.0.0.1:${port}", routes: [${routes}] }`,
      ),
    ),
  );
  const addresses = servers.map(({ port }) => `127.0.0.1:${port}`);
  const connections = await Promise.all(
    addresses.map(() =>
      connect({ servers: addresses, maxReconnectAttempts: -1, reconnectTimeWait: 50, reconnectJitter: 10 }),
    ),
  );
  const members = connections.map((connection, i) =>
    createNatsOwnership({ connection, service, instanceId: `m${i}`, logger: silentLogger, replicas: 3 }),
  );
  try {
    const ownedBy = (): (number | undefined)[][] =>
      members.map((member) =>
        Array.from({ length: PARTITIONS }, (_, partition) => member.epochOf(partition)),
      );
    await eventually(
      "settled",
      () => members.every((member) => member.notReady().length === 0 && member.members().length === 3),
      30_000,
    );
    const before = ownedBy();
    let lost = 0;
    for (const member of members) {
      member.watch({
        gained() {},
        lost: () => {
          lost += 1;
        },
      });
    }
    const manager = await jetstreamManager(connections[0] as (typeof connections)[number]);
    const info = await manager.streams.info(`KV_${subjects.leaseBucket(service)}`);
    const leader = servers[Number(info.cluster?.leader?.slice(1))];
    assert.ok(leader);
    const revision = Math.max(...members.map((member) => member.revision));
    await leader.halt("SIGKILL");
    // Each of the three renews once and again.
    await eventually(
      "renewals under another leader",
      () => members.every((member) => member.revision >= revision + 6),
      30_000,
    );
    assert.equal(lost, 0);
    assert.deepEqual(ownedBy(), before);
  } finally {
    await Promise.all(members.map((member) => member.release()));
    await Promise.all(connections.map((connection) => connection.close()));
    await Promise.all(servers.map((server) => server.stop()));
  }
});
