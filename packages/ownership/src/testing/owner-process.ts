/** An instance in a process of its own, to be killed and frozen: node owner-process.js PORT TTL_MS. */
import { connect } from "@nats-io/transport-node";
import { PARTITIONS } from "@rollcall/contracts";
import { silentLogger } from "@rollcall/telemetry";
import { createNatsOwnership } from "../nats-ownership.ts";

const [port = "4222", ttlMs = "15000"] = process.argv.slice(2);
const ownership = createNatsOwnership({
  connection: await connect({ servers: [`127.0.0.1:${port}`], maxReconnectAttempts: -1 }),
  service: "roster-owner",
  instanceId: `owner-${process.pid}`,
  logger: silentLogger,
  ttlMs: Number(ttlMs),
});
let owned = 0;
ownership.watch({
  gained() {
    owned += 1;
    // With one other instance there is about a half for each.
    if (owned === PARTITIONS / 4) process.send?.("owns");
  },
  lost() {
    owned -= 1;
    if (owned === 0) process.send?.("lost everything");
  },
});
process.once("disconnect", () => process.exit(0));
