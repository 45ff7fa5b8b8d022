import assert from "node:assert/strict";
import { test } from "node:test";
import { channels, type DeliverStanza } from "@rollcall/contracts";
import { type Counts, channelNames, type Histograms, type Span, silentLogger } from "@rollcall/telemetry";
import { type BareJid, makeStanza } from "@rollcall/xmpp";
import { done } from "./bus.ts";
import { BusError } from "./bus-error.ts";
import { Dispatcher, type Settled } from "./dispatcher.ts";
import { createMemoryBus, type MemoryBus } from "./memory-bus.ts";

const juliet = "juliet@example.com" as BareJid;

interface Numbers {
  readonly queueSeconds: Histograms;
  readonly handlerSeconds: Histograms;
  readonly handled: Counts;
  readonly inWaiting: number;
  readonly inUnderWay: number;
  readonly oldestIn: number;
}

function open(options: { readonly attempts?: number; readonly keyLimit?: number } = {}) {
  const bus = createMemoryBus({ logger: silentLogger, retryMs: 1, ...options });
  return { bus, numbers: () => bus.handlerNumbers() as Numbers };
}

function delivery(): DeliverStanza {
  return { stanza: makeStanza("message", { to: juliet }), failedSession: undefined, at: 0 };
}

/** What became of the messages of a channel; what never happened is left out. */
function outcomes({ handled }: Numbers, channel: string): Record<string, number> {
  const found: Record<string, number> = {};
  for (const [i, { channel: of, outcome = "" }] of handled.series.entries()) {
    const count = handled.values[i] ?? 0;
    if (of === channel && count > 0) found[outcome] = count;
  }
  return found;
}

function countOf(histograms: Histograms, channel: string): number {
  const member = histograms.members().find(({ attributes }) => attributes.channel === channel);
  return member?.histogram.count ?? 0;
}

function command(bus: MemoryBus, key: string): Promise<void> {
  return bus.publish(channels.presenceCommands, key, {
    kind: "end-session",
    session: { node: "n", session: 1 },
    at: 0,
  });
}

test("the catalogue has the channels that there are", () => {
  assert.deepEqual(
    [...channelNames].sort(),
    Object.values(channels)
      .map(({ name }) => name)
      .sort(),
  );
});

test("every message is counted with its end, and its waiting and its handler are measured", async () => {
  const { bus, numbers } = open();
  bus.consume(channels.deliver, {}, () => done);
  bus.consume(channels.nodeDeliveries, { nodeId: "n" }, async () => done);
  for (let i = 0; i < 3; i += 1) await bus.publish(channels.deliver, juliet, delivery());
  await bus.publish(channels.nodeDeliveries, "n", { items: [] });
  assert.deepEqual(outcomes(numbers(), "deliver"), { done: 3 });
  assert.deepEqual(outcomes(numbers(), "node-deliveries"), { done: 1 });
  assert.equal(countOf(numbers().queueSeconds, "deliver"), 3);
  assert.equal(countOf(numbers().handlerSeconds, "node-deliveries"), 1);
  assert.deepEqual(outcomes(numbers(), "bind"), {});
});

test("attempts count one by one, and the last of them as failed", async () => {
  const { bus, numbers } = open({ attempts: 3 });
  bus.consume(channels.deliver, {}, () => {
    throw new Error("it is broken");
  });
  await assert.rejects(bus.publish(channels.deliver, juliet, delivery()), { code: "gave-up" });
  assert.deepEqual(outcomes(numbers(), "deliver"), { retried: 2, failed: 1 });
  assert.equal(countOf(numbers().queueSeconds, "deliver"), 1, "it waited once");
});

test("a message that is refused, and one for another owner, are told apart", async () => {
  const { bus, numbers } = open();
  const reasons = ["fenced", "no subscription stanza"];
  bus.consume(channels.deliver, {}, () => ({ kind: "reject", reason: reasons.pop() ?? "" }));
  await bus.publish(channels.deliver, juliet, delivery());
  await bus.publish(channels.deliver, juliet, delivery());
  assert.deepEqual(outcomes(numbers(), "deliver"), { rejected: 1, fenced: 1 });
});

test("what waits behind a handler is there to be seen, and gone when it is done", async () => {
  const { bus, numbers } = open({ keyLimit: 2 });
  let finish: () => void = () => {};
  let began: () => void = () => {};
  const running = new Promise<void>((resolve) => {
    began = resolve;
  });
  bus.consume(channels.presenceCommands, {}, () => {
    began();
    return new Promise((resolve) => {
      finish = () => resolve(done);
    });
  });
  const first = command(bus, juliet);
  await running;
  const waiting = [command(bus, juliet), command(bus, juliet)];
  await assert.rejects(command(bus, juliet), { code: "queue-full" });
  assert.equal(numbers().inUnderWay, 1);
  assert.equal(numbers().inWaiting, 2);
  assert.ok(numbers().oldestIn > 0);
  assert.deepEqual(outcomes(numbers(), "presence-commands"), { failed: 1 });
  for (const each of [first, ...waiting]) {
    finish();
    await each;
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.equal(numbers().inUnderWay + numbers().inWaiting, 0);
  assert.equal(numbers().oldestIn, 0);
  assert.deepEqual(outcomes(numbers(), "presence-commands"), { failed: 1, done: 3 });
});

test("questions are counted too, with those that were not answered", async () => {
  const { bus, numbers } = open();
  const faults = [new Error("no store"), new BusError("fenced", "another's")];
  bus.answer(channels.presenceAdmin, {}, () => {
    const fault = faults.pop();
    if (fault !== undefined) throw fault;
    return { sessions: [] };
  });
  const ask = () => bus.request(channels.presenceAdmin, juliet, { kind: "sessions" });
  await assert.rejects(ask(), { code: "fenced" });
  await assert.rejects(ask(), { code: "failed" });
  await ask();
  assert.deepEqual(outcomes(numbers(), "presence-admin"), { done: 1, failed: 1, fenced: 1 });
  assert.equal(countOf(numbers().handlerSeconds, "presence-admin"), 3);
});

test("a bucket knows the trace of a message that is traced", async () => {
  const traceId = "0af7651916cd43dd8448eb211c80319c";
  const span: Span = {
    traceparent: `00-${traceId}-b7ad6b7169203331-01`,
    traceId,
    spanId: "b7ad6b7169203331",
    child: () => span,
    set() {},
    event() {},
    fail() {},
    end() {},
  };
  const dispatcher = new Dispatcher({
    logger: silentLogger,
    queueLimit: 10,
    keyLimit: 10,
    attempts: 1,
    patienceMs: 0,
    retryMs: 1,
  });
  dispatcher.open("deliver", () => done);
  await new Promise<Settled>((settle) => {
    dispatcher.take({
      place: "deliver",
      line: "presence-owner",
      serial: false,
      keys: [juliet],
      payload: undefined,
      meta: { id: undefined, from: undefined, asOf: 0 },
      span,
      settle,
    });
  });
  const { queueSeconds, handlerSeconds } = dispatcher.numbers() as Numbers;
  for (const histograms of [queueSeconds, handlerSeconds]) {
    const traces = histograms.at(0).exemplars?.flatMap((exemplar) => exemplar?.traceId ?? []);
    assert.deepEqual(traces, [traceId]);
  }
});
