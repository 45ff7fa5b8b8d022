import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Bus, BusError } from "@rollcall/bus";
import type { NodeDeliveries } from "@rollcall/contracts";
import { silentLogger } from "@rollcall/telemetry";
import { PresenceCounters } from "../counters.ts";
import { Cause } from "./cause.ts";
import { Outbox } from "./outbox.ts";

/** A bus that keeps what is published until the test lets it go. */
class SlowBus {
  readonly sent: { readonly node: string; readonly message: NodeDeliveries }[] = [];
  readonly #open: { resolve(): void; reject(error: Error): void }[] = [];

  readonly publish: Bus["publish"] = (_channel, node, message) => {
    this.sent.push({ node, message: message as NodeDeliveries });
    return new Promise<void>((resolve, reject) => this.#open.push({ resolve, reject }));
  };

  async take(): Promise<void> {
    this.#open.shift()?.resolve();
    await settled();
  }

  async fail(error: Error): Promise<void> {
    this.#open.shift()?.reject(error);
    await settled();
  }
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function open(nodeLimit?: number, sleep: () => Promise<void> = () => settled()) {
  const bus = new SlowBus();
  const counters = new PresenceCounters();
  const outbox = new Outbox({
    bus,
    schedule: queueMicrotask,
    sleep,
    logger: silentLogger,
    counters,
    ...(nodeLimit === undefined ? {} : { nodeLimit }),
  });
  return { bus, counters, outbox };
}

describe("the outbox of a node", () => {
  it("sends what one turn has for it in one message, in order", async () => {
    const { bus, outbox } = open();
    outbox.node("n1").write(1, "<a/>");
    outbox.node("n2").write(5, "<b/>");
    outbox.node("n1").write(2, "<c/>");
    outbox.node("n1").close(1, "conflict", undefined);
    await settled();
    assert.deepEqual(bus.sent, [
      {
        node: "n1",
        message: {
          items: [
            { kind: "write", session: 1, xml: "<a/>" },
            { kind: "write", session: 2, xml: "<c/>" },
            { kind: "close", session: 1, condition: "conflict", text: undefined },
          ],
        },
      },
      { node: "n2", message: { items: [{ kind: "write", session: 5, xml: "<b/>" }] } },
    ]);
  });

  it("counts what waits until the node has it, and measures how long that took", async () => {
    const { bus, counters, outbox } = open();
    const halves = { before: "<presence to='", after: "'/>" };
    outbox.node("n1").write(1, "<a/>");
    outbox.node("n1").fanOut(halves, "juliet@x", 1);
    outbox.node("n1").fanOut(halves, "romeo@x", 2);
    assert.equal(counters.nodeItemsWaiting, 2);
    assert.equal(counters.deliveriesCoalesced, 1);
    await settled();
    assert.equal(counters.nodeItemsWaiting, 2, "it is under way");
    assert.equal(counters.nodeMessageSeconds.count, 0);
    await bus.take();
    assert.equal(counters.nodeItemsWaiting, 0);
    assert.equal(counters.nodeMessageSeconds.count, 1);
    outbox.node("n1").write(1, "<b/>");
    await settled();
    outbox.node("n1").write(1, "<c/>");
    outbox.abandon("n1");
    assert.equal(counters.nodeItemsWaiting, 1, "of the one under way nobody knows");
    await bus.fail(new BusError("no-owner", "n1 is not there"));
    assert.equal(counters.nodeItemsWaiting, 0);
    assert.equal(counters.nodeMessageSeconds.count, 1, "what was lost took no time");
  });

  it("gathers the recipients of one stanza, as long as nothing comes between them", async () => {
    const { bus, outbox } = open();
    const halves = { before: '<p to="', after: '"/>' };
    const node = outbox.node("n1");
    node.fanOut(halves, "a", 1);
    node.fanOut(halves, "b", 2);
    node.write(1, "<m/>");
    node.fanOut(halves, "c", 3);
    await settled();
    assert.deepEqual(bus.sent[0]?.message.items, [
      { kind: "fan-out", ...halves, to: ["a", "b"], sessions: [1, 2] },
      { kind: "write", session: 1, xml: "<m/>" },
      { kind: "fan-out", ...halves, to: ["c"], sessions: [3] },
    ]);
  });

  it("has one message under way, and gathers the next meanwhile", async () => {
    const { bus, outbox } = open();
    const node = outbox.node("n1");
    node.write(1, "<a/>");
    await settled();
    node.write(1, "<b/>");
    await settled();
    node.write(1, "<c/>");
    await settled();
    assert.equal(bus.sent.length, 1);
    await bus.take();
    assert.equal(bus.sent.length, 2);
    assert.equal(bus.sent[1]?.message.items.length, 2);
    await bus.take();
    await outbox.drained();
  });

  it("cuts what is too large for one message", async () => {
    const { bus, outbox } = open();
    const node = outbox.node("n1");
    const large = "x".repeat(200_000);
    const halves = { before: large, after: "" };
    node.write(1, large);
    node.fanOut(halves, "a", 1);
    node.fanOut(halves, "b", 2);
    const handedOver = node.handedOver();
    await settled();
    await bus.take();
    await bus.take();
    assert.equal(bus.sent.length, 2);
    assert.deepEqual(
      bus.sent.map(({ message }) => message.items.length),
      [1, 1],
    );
    assert.equal(await handedOver, true);
  });

  it("sends a message again that the bus had no room for, before anything later", async () => {
    const { bus, outbox, counters } = open();
    const node = outbox.node("n1");
    node.write(1, "<a/>");
    await settled();
    node.write(1, "<b/>");
    await bus.fail(new BusError("queue-full", "full"));
    await settled();
    await bus.take();
    await bus.take();
    assert.deepEqual(
      bus.sent.map(({ message }) => message.items[0]),
      ["<a/>", "<a/>", "<b/>"].map((xml) => ({ kind: "write", session: 1, xml })),
    );
    assert.equal(counters.nodeItemsDropped, 0);
  });

  it("says when something could not be handed over, and goes on with the rest", async () => {
    const { bus, outbox, counters } = open();
    const node = outbox.node("n1");
    node.write(1, "<a/>");
    const first = node.handedOver();
    await settled();
    node.write(1, "<b/>");
    const second = node.handedOver();
    await bus.fail(new BusError("no-owner", "gone"));
    await bus.take();
    assert.deepEqual([await first, await second], [false, true]);
    assert.equal(counters.nodeFailures, 1);
    assert.equal(counters.nodeItemsDropped, 1);
  });

  it("drops what comes on top when a node takes nothing for too long", async () => {
    const { bus, outbox, counters } = open(1_000);
    const node = outbox.node("n1");
    node.write(1, "x".repeat(500));
    await settled();
    node.write(1, "x".repeat(400));
    node.write(1, "<dropped/>");
    assert.equal(counters.nodeItemsDropped, 1);
    await bus.take();
    await bus.take();
    node.write(1, "<taken/>");
    await settled();
    assert.equal(bus.sent.length, 3);
  });

  it("names what may come twice, and only that", async () => {
    const { bus, outbox } = open();
    const node = outbox.node("n1");
    const halves = { before: '<p to="', after: '"/>' };
    node.write(1, "<a/>", "id1");
    node.fanOut(halves, "a", 1, { id: "id2" });
    node.fanOut(halves, "b", 2, { id: "id2" });
    await settled();
    assert.deepEqual(bus.sent[0]?.message.items, [
      { kind: "write", session: 1, xml: "<a/>", id: "id1" },
      { kind: "fan-out", ...halves, to: ["a", "b"], sessions: [1, 2], id: "id2" },
    ]);
  });

  it("keeps a cause waiting until every node has what was written for it", async () => {
    const { bus, outbox } = open(undefined, () => new Promise(() => {}));
    const cause = new Cause("c1");
    outbox.node("n1").write(1, "<a/>", undefined, cause);
    outbox.node("n1").write(2, "<a/>", undefined, cause);
    outbox.node("n2").write(1, "<a/>", undefined, cause);
    let isDone = false;
    const waiting = cause.handedOver().then(() => {
      isDone = true;
    });
    await settled();
    await bus.take();
    assert.equal(isDone, false);
    await bus.take();
    await waiting;
    assert.equal(isDone, true);
  });

  it("lets causes go when the node takes too long, but not who has to know for certain", async () => {
    const { bus, outbox } = open();
    const node = outbox.node("n1");
    const cause = new Cause("c1");
    node.write(1, "<a/>", undefined, cause);
    const handedOver = node.handedOver();
    await settled();
    await cause.handedOver();
    const next = new Cause("c2");
    node.write(1, "<b/>", undefined, next);
    await next.handedOver();
    await bus.take();
    assert.equal(await handedOver, true);
  });

  it("tells causes that a node knows of a later owner, and tries nothing again", async () => {
    const { bus, outbox, counters } = open();
    const cause = new Cause("c1");
    outbox.node("n1").write(1, "<a/>", undefined, cause);
    await settled();
    await bus.fail(new BusError("fenced", "there is a later owner"));
    await assert.rejects(cause.handedOver(), { code: "fenced" });
    assert.deepEqual([bus.sent.length, counters.fenced, counters.nodeFailures], [1, 1, 0]);
  });

  it("sends nothing to a node that is dead, until a session is there again", async () => {
    const { bus, outbox, counters } = open();
    const node = outbox.node("n1");
    node.retain();
    node.write(1, "<a/>");
    await settled();
    node.write(1, "<b/>");
    const handedOver = node.handedOver();
    outbox.abandon("n1");
    assert.equal(await handedOver, false);
    node.write(1, "<c/>");
    assert.equal(counters.nodeItemsDropped, 2);
    node.retain();
    node.write(2, "<d/>");
    await bus.take();
    assert.equal(bus.sent.length, 2);
    assert.deepEqual(bus.sent[1]?.message.items, [{ kind: "write", session: 2, xml: "<d/>" }]);
  });

  it("is forgotten when no session is there and nothing waits", async () => {
    const { bus, outbox } = open();
    const node = outbox.node("n1");
    node.retain();
    node.write(1, "<a/>");
    await settled();
    await bus.take();
    assert.equal(outbox.node("n1"), node);
    node.release();
    assert.notEqual(outbox.node("n1"), node);
  });
});
