/**
 * What a message costs on the bus inside one process, from `publish` to the end of its handler, with all that is measured on
 * the way. `node packages/bus/dist/memory-bus.bench.js`
 */
import { channels, type DeliverStanza } from "@rollcall/contracts";
import { silentLogger } from "@rollcall/telemetry";
import { makeStanza } from "@rollcall/xmpp";
import { done } from "./bus.ts";
import { createMemoryBus } from "./memory-bus.ts";

const BATCH = 100;
const BATCHES = 2_000;
const ROUNDS = 10;

const bus = createMemoryBus({ logger: silentLogger });
bus.consume(channels.deliver, {}, () => done);
bus.consume(channels.presenceCommands, {}, async () => done);

const message: DeliverStanza = {
  stanza: makeStanza("message", { to: "romeo@example.com" }),
  failedSession: undefined,
  at: 0,
};
const command = { kind: "end-session", session: { node: "n", session: 1 }, at: 0 } as const;
const keys = Array.from({ length: BATCH }, (_, n) => `contact-${n}@example.com`);

/** The best of several rounds, since others use the machine as well. */
async function measure(name: string, publish: (key: string) => Promise<void>): Promise<void> {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round += 1) {
    const began = performance.now();
    for (let batch = 0; batch < BATCHES; batch += 1) await Promise.all(keys.map(publish));
    best = Math.min(best, (performance.now() - began) / (BATCH * BATCHES));
  }
  console.log(`${name}: ${(best * 1_000).toFixed(3)} µs`);
}

await measure("a message to a handler that is done at once", (key) =>
  bus.publish(channels.deliver, key, message),
);
await measure("a message to a handler that waits, one at a time", (key) =>
  bus.publish(channels.presenceCommands, key, command),
);
