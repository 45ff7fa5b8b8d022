import assert from "node:assert/strict";
import { test } from "node:test";
import { channels, type NodeDelivery } from "@rollcall/contracts";
import type { BusError } from "../bus-error.ts";
import { Sender } from "./sender.ts";

const patience = { unansweredMs: 6_000, bouncedMs: 1_000, workingMs: 60_000 };
const nobody = { ownerOf: () => undefined, revision: 0, onChange: () => () => {} };

test("a node is not given up for the time in which nobody could be heard", async () => {
  let now = 0;
  let cutOffMs = 0;
  const sender = new Sender({
    owners: { "roster-owner": nobody, "presence-owner": nobody },
    now: () => now,
    cutOffMs: () => cutOffMs,
    routeTo: (peer) => ({ peer, bouncedSince: undefined, heardAt: -100_000, send() {}, probe() {} }),
    wake: () => {},
    ownerPatience: patience,
    nodePatience: patience,
    queueLimit: 10,
    queueSize: 10_000,
  });
  let outcome = "waits";
  const delivery: NodeDelivery = { kind: "close", session: 1, condition: "reset", text: "" } as never;
  const published = sender
    .publish(channels.nodeDeliveries, "connection-1", [delivery] as never, undefined)
    .catch((error: BusError) => {
      outcome = error.code;
    });
  now = 30_000;
  cutOffMs = 29_000;
  sender.tick();
  await Promise.resolve();
  assert.equal(outcome, "waits");
  now += 5_001;
  sender.tick();
  await published;
  assert.equal(outcome, "no-owner");
});
