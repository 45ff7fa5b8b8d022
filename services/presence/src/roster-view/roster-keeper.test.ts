import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { BusError } from "@rollcall/bus";
import type { RosterView } from "@rollcall/contracts";
import { silentLogger } from "@rollcall/telemetry";
import type { BareJid } from "@rollcall/xmpp";
import { PresenceCounters } from "../counters.ts";
import { JidPool } from "../sessions/jid-pool.ts";
import { RosterKeeper } from "./roster-keeper.ts";

const juliet = "juliet@example.com" as BareJid;
const empty: RosterView = { revision: 0, contacts: [], pendingRequests: [], exists: true };

/** @param views one after the other; the last one for ever. Whatever waits moves the clock. */
function setUp(...views: readonly ((clock: { time: number }) => RosterView)[]) {
  const clock = { time: 0 };
  let asked = 0;
  const keeper = new RosterKeeper({
    views: {
      view: async () => {
        const view = views[Math.min(asked, views.length - 1)];
        asked += 1;
        if (view === undefined) throw new Error("no view given");
        return view(clock);
      },
      contact: () => Promise.reject(new Error("not asked for")),
    },
    pool: new JidPool(),
    isLocal: () => true,
    sleep: async (ms) => {
      clock.time += ms;
    },
    logger: silentLogger,
    counters: new PresenceCounters(),
    timeoutMs: 20_000,
    now: () => clock.time,
  });
  return { clock, keeper, asked: () => asked };
}

function failing(tookMs: number) {
  return (clock: { time: number }): RosterView => {
    clock.time += tookMs;
    throw new BusError("failed", "the store did not answer");
  };
}

describe("a roster that is asked for", () => {
  it("is asked for again when the machine stood still for longer than all the time there is", async () => {
    const { keeper, asked } = setUp(failing(30_000), failing(30_000), () => empty);
    assert.deepEqual(await keeper.subscribersOf(juliet, undefined), []);
    assert.equal(asked(), 3);
  });

  it("is given up after the time there is, and not before an owner that stands still is replaced", async () => {
    const { keeper, clock } = setUp(failing(10));
    await assert.rejects(keeper.subscribersOf(juliet, undefined), { code: "failed" });
    assert.ok(clock.time > 18_000 && clock.time <= 20_010, String(clock.time));
  });

  it("is given up after a few attempts that take long", async () => {
    const { keeper, asked } = setUp(failing(5_000));
    await assert.rejects(keeper.subscribersOf(juliet, undefined), { code: "failed" });
    assert.equal(asked(), 4);
  });
});
