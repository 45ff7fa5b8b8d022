/**
 * How long partitions are without an owner after `kill -9` of one of two instances:
 * node packages/ownership/dist/ownership.bench.js [RUNS].
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { PARTITIONS } from "@rollcall/contracts";
import { startNatsServer } from "@rollcall/nats/testing";
import { silentLogger } from "@rollcall/telemetry";
import { createNatsOwnership } from "./nats-ownership.ts";

const TTL_MS = 15_000;
const helper = fileURLToPath(new URL("./testing/owner-process.js", import.meta.url));
const runs = Number(process.argv[2] ?? 25);

const server = await startNatsServer();
const connection = await server.connect();
const survivor = createNatsOwnership({
  connection,
  service: "roster-owner",
  instanceId: "survivor",
  logger: silentLogger,
  ttlMs: TTL_MS,
});
const owned = new Set<number>();
let changed = (): void => {};
survivor.watch({
  gained: (partition) => {
    owned.add(partition);
    changed();
  },
  lost: (partition) => {
    owned.delete(partition);
    changed();
  },
});

/** Resolves within the turn of the change that makes it true. */
function until(holds: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    changed = () => {
      if (holds()) resolve();
    };
    changed();
  });
}

const times: number[] = [];
for (let run = 0; run < runs; run += 1) {
  await until(() => owned.size === PARTITIONS);
  const child = fork(helper, [String(server.port), String(TTL_MS)]);
  // It says so when it owns a quarter of all.
  await once(child, "message");
  const began = performance.now();
  child.kill("SIGKILL");
  await until(() => owned.size === PARTITIONS);
  times.push(performance.now() - began);
}
times.sort((one, other) => one - other);
const quantile = (part: number): string =>
  `${Math.round(times[Math.min(times.length - 1, Math.ceil(part * times.length) - 1)] ?? 0)} ms`;
console.log(
  `${runs} take-overs after kill -9: p50 ${quantile(0.5)}, p99 ${quantile(0.99)}, longest ${quantile(1)}`,
);
await survivor.release();
await connection.close();
await server.stop();
