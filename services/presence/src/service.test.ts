import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { channels } from "@rollcall/contracts";
import { makeStanza } from "@rollcall/xmpp";
import { Stage } from "./testing/stage.ts";

describe("the presence service", () => {
  it("is ready once it has started, and finishes what it has when it is drained", async () => {
    const stage = await Stage.open({ accounts: ["romeo@example.net"] });
    assert.deepEqual(stage.service.notReady(), []);
    const balcony = await stage.connect("juliet@example.com/balcony");
    const stored = balcony.chat("romeo@example.net", "hi");
    const shown = balcony.presence();
    await Promise.all([stored, shown]);
    await stage.service.drain(5_000);
    assert.equal((await stage.offlineStore.read("romeo@example.net" as never)).length, 1);
    assert.equal(balcony.take().length, 1);
    await stage.service.stop();
    assert.notDeepEqual(stage.service.notReady(), []);
  });

  it("stops waiting when the budget is over", async () => {
    const never = new Promise<never>(() => {});
    const stage = await Stage.open({
      accounts: ["romeo@example.net"],
      wrapOfflineStore: (store) => ({ ...store, append: () => never }),
    });
    const balcony = await stage.connect("juliet@example.com/balcony");
    balcony.chat("romeo@example.net", "hi").catch(() => {});
    await stage.settled();
    await stage.service.drain(1);
    await stage.service.stop();
  });

  it("does nothing with what is not its business, and nothing for sessions that it does not know", async () => {
    const stage = await Stage.open();
    const balcony = await stage.online("juliet@example.com/balcony");
    await stage.deliver(
      makeStanza("presence", { type: "subscribe", from: "romeo@example.net", to: balcony.account }),
    );
    await balcony.presence("", { type: "subscribe" });
    await stage.bus.publish(channels.presenceCommands, balcony.account, {
      kind: "broadcast-presence",
      session: { node: "node-9", session: 1 },
      stanza: makeStanza("presence", { from: `${balcony.account}/ghost` }),
      at: 0,
    });
    await stage.settled();
    assert.deepEqual(balcony.take(), []);
    assert.equal(stage.service.counters.misrouted, 2);
  });
});
