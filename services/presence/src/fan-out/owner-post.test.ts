import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { BusError } from "@rollcall/bus";
import { silentLogger } from "@rollcall/telemetry";
import { makeStanza } from "@rollcall/xmpp";
import { PresenceCounters } from "../counters.ts";
import { OwnerPost } from "./owner-post.ts";

function open(outcomes: readonly (BusError | undefined)[]) {
  const published: string[] = [];
  const pauses: number[] = [];
  const counters = new PresenceCounters();
  const publish = async (channel: { readonly name: string }, key: string): Promise<void> => {
    const error = outcomes[published.push(`${channel.name} ${key}`) - 1];
    if (error !== undefined) throw error;
  };
  const post = new OwnerPost({
    bus: { publish, multicast: (channel, keys) => publish(channel, keys.join(" ")) },
    sleep: async (ms) => void pauses.push(ms),
    logger: silentLogger,
    counters,
    instanceId: "presence-1",
  });
  return { post, published, pauses, counters };
}

const stanza = makeStanza("presence", {
  from: "juliet@example.com/balcony",
  to: "romeo@example.net/orchard",
});
const full = new BusError("queue-full", "full");

describe("what goes to other owners", () => {
  it("is addressed to the account in the `to`", async () => {
    const { post, published } = open([]);
    await post.deliver(stanza, 0);
    await post.fanOut([], { kind: "presence", stanza });
    assert.deepEqual(published, ["deliver romeo@example.net"]);
  });

  it("is sent again, with longer pauses, while the bus is overloaded", async () => {
    const { post, published, pauses, counters } = open([full, full]);
    await post.deliver(stanza, 0);
    assert.equal(published.length, 3);
    assert.deepEqual(pauses, [20, 40]);
    assert.equal(counters.handedOverFailed, 0);
  });

  it("is neither sent again nor an error where somebody else speaks for the account by now", async () => {
    const { post, published, pauses, counters } = open([new BusError("fenced", "there is a later owner")]);
    await assert.rejects(post.deliver(stanza, 0), { code: "fenced" });
    assert.deepEqual([published.length, pauses.length], [1, 0]);
    assert.deepEqual([counters.fenced, counters.handedOverFailed], [1, 0]);
  });

  it("is given up, counted and never thrown, when it is no use", async () => {
    const { post, published, counters } = open([new BusError("closed", "closed")]);
    await post.deliver(stanza, 0);
    assert.equal(published.length, 1);
    assert.equal(counters.handedOverFailed, 1);
    const hopeless = open(Array.from({ length: 30 }, () => full));
    await hopeless.post.deliver(stanza, 0);
    assert.equal(hopeless.published.length, 20);
    assert.equal(hopeless.counters.handedOverFailed, 1);
  });
});
