import assert from "node:assert/strict";
import { test } from "node:test";
import { channels } from "@rollcall/contracts";
import { silentLogger } from "@rollcall/telemetry";
import { busContract } from "./bus.contract.ts";
import { done } from "./bus.ts";
import { createMemoryBus } from "./memory-bus.ts";

for (const encode of [false, true]) {
  busContract(`the in-memory bus${encode ? ", encoding every payload," : ""}`, async () => {
    const bus = createMemoryBus({ logger: silentLogger, encode, patienceMs: 20, retryMs: 1, attempts: 10 });
    const nodes = [
      { nodeId: "a", bus },
      { nodeId: "b", bus },
    ] as const;
    return { bus, nodes, close: () => bus.drain() };
  });
}

test("handlers that feed each other do not keep timers and sockets waiting", async () => {
  const bus = createMemoryBus({ logger: silentLogger });
  let running = true;
  let hops = 0;
  bus.consume(channels.nodeDeliveries, { nodeId: "n" }, () => {
    hops += 1;
    if (running) bus.publish(channels.nodeDeliveries, "n", { items: [] }).catch(() => {});
    return done;
  });
  bus.publish(channels.nodeDeliveries, "n", { items: [] }).catch(() => {});
  await new Promise((resolve) => setTimeout(resolve, 1));
  running = false;
  await bus.drain();
  assert.ok(hops > 1);
});
