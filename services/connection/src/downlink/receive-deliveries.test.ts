import assert from "node:assert/strict";
import { test } from "node:test";
import { createMemoryBus } from "@rollcall/bus";
import { channels, type NodeDelivery } from "@rollcall/contracts";
import { silentLogger } from "@rollcall/telemetry";
import { receiveDeliveries } from "./receive-deliveries.ts";

const NODE = "connection-1";

test("what comes while it is doubtful which sessions are left is taken at once, and written afterwards in order", async () => {
  const bus = createMemoryBus({ logger: silentLogger });
  const written: string[] = [];
  const settling: (() => void)[] = [];
  const absence = {
    isDoubtful: false,
    later: { kind: "retry", afterMs: 1 } as const,
    settled: () => new Promise<void>((resolve) => settling.push(resolve)),
  };
  receiveDeliveries(bus, NODE, { write: (item) => written.push((item as { xml: string }).xml) > 0 }, absence);
  const deliver = (xml: string): Promise<void> =>
    bus.publish(channels.nodeDeliveries, NODE, {
      items: [{ kind: "write", sessions: [1], xml } as unknown as NodeDelivery],
    });
  await deliver("before");
  absence.isDoubtful = true;
  await deliver("first");
  await deliver("second");
  assert.deepEqual(written, ["before"]);
  // The doubt begins anew before it is over.
  settling.shift()?.();
  await deliver("third");
  assert.deepEqual(written, ["before"]);
  absence.isDoubtful = false;
  settling.shift()?.();
  await deliver("last");
  assert.deepEqual(written, ["before", "first", "second", "third", "last"]);
});
