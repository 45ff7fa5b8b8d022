import assert from "node:assert/strict";
import { afterEach, describe, test } from "node:test";
import { InMemorySpanExporter, type ReadableSpan } from "@opentelemetry/sdk-trace";
import { createTracer, type TracerOptions } from "./create-tracer.ts";
import type { Tracer } from "./span.ts";

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

function setUp(options: Partial<TracerOptions> = {}): {
  tracer: Tracer;
  exported: () => Promise<ReadableSpan[]>;
} {
  const exporter = new InMemorySpanExporter();
  const finished: ReadableSpan[] = [];
  const tracer = createTracer({
    service: "rollcall-test",
    version: "1",
    instanceId: "test-1",
    url: "http://127.0.0.1:9/v1/traces",
    ratio: 0,
    slowMs: 1_000,
    jids: "plain",
    gatherMs: 60_000,
    exporter: {
      export: (spans, done) => {
        finished.push(...spans);
        exporter.export(spans, done);
      },
      shutdown: () => exporter.shutdown(),
    },
    ...options,
  });
  stops.push(() => tracer.stop());
  return {
    tracer,
    async exported() {
      await tracer.stop();
      return finished;
    },
  };
}

describe("a trace", () => {
  test("goes on in another process where the first one left it", async () => {
    const here = setUp();
    const there = setUp();
    const stanza = here.tracer.begin("receive presence", { kind: "server" });
    const sent = stanza?.child("send presence-commands", { kind: "producer" });
    const taken = there.tracer.resume(sent?.traceparent ?? "", "process presence-commands", {
      link: sent?.traceparent,
    });
    taken?.end();
    sent?.end();
    stanza?.end();
    const [far] = await there.exported();
    const [send, receive] = await here.exported();
    assert.match(stanza?.traceparent ?? "", /^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
    assert.equal(far?.parentSpanContext?.spanId, send?.spanContext().spanId);
    assert.equal(far?.links[0]?.context.spanId, send?.spanContext().spanId);
    assert.equal(send?.parentSpanContext?.spanId, receive?.spanContext().spanId);
    assert.equal(receive?.parentSpanContext, undefined);
    const ids = [far, send, receive].map((span) => span?.spanContext().traceId);
    assert.equal(new Set(ids).size, 1);
  });

  test("does not go on from what is no traceparent", () => {
    const { tracer } = setUp();
    const zeros = `00-${"0".repeat(32)}-${"1".repeat(16)}-01`;
    for (const text of ["", "x", zeros, `01-${"1".repeat(32)}-${"1".repeat(16)}-01`, `${zeros}-more`]) {
      assert.equal(tracer.resume(text, "process deliver"), undefined, text);
    }
  });

  test("has the times that it is given", async () => {
    const { tracer, exported } = setUp();
    const now = performance.now();
    const span = tracer.begin("log in", { startedAt: now - 500 });
    span?.end(now);
    span?.end(now + 5_000);
    const [only] = await exported();
    assert.deepEqual([only?.duration[0], Math.round((only?.duration[1] ?? 0) / 1e6)], [0, 500]);
    assert.ok(Math.abs((only?.startTime[0] ?? 0) * 1_000 - Date.now()) < 10_000);
  });
});

test("the steps of a trace keep their order when somebody sets the clock of the machine", async (t) => {
  const { tracer, exported } = setUp();
  const first = tracer.begin("receive iq");
  first?.child("GET xmpp").end();
  const now = Date.now();
  t.mock.method(Date, "now", () => now - 60_000);
  tracer.begin("receive presence")?.end();
  first?.child("PUT xmpp").end();
  first?.end();
  const spans = await exported();
  const start = (name: string): number => {
    const [seconds, nanos] = spans.find((span) => span.name === name)?.startTime ?? [0, 0];
    return seconds * 1_000 + nanos / 1e6;
  };
  assert.ok(start("receive iq") <= start("GET xmpp") && start("GET xmpp") < start("PUT xmpp"));
  assert.ok(start("receive presence") < now - 50_000, "what begins afterwards has the new time");
});

describe("JIDs", () => {
  const jidsOf = async (options: Partial<TracerOptions>): Promise<unknown[]> => {
    const { tracer, exported } = setUp(options);
    const span = tracer.begin("receive message", {
      attributes: { "xmpp.account": "juliet@localhost", "xmpp.stanza.kind": "message" },
    });
    span?.set({ "xmpp.to": "romeo@localhost/orchard" });
    span?.end();
    const [only] = await exported();
    return ["xmpp.account", "xmpp.to", "xmpp.stanza.kind"].map((name) => only?.attributes[name]);
  };

  test("are shown where that is set", async () => {
    assert.deepEqual(await jidsOf({ jids: "plain" }), [
      "juliet@localhost",
      "romeo@localhost/orchard",
      "message",
    ]);
  });

  test("are stand-ins otherwise, the same ones with the same key", async () => {
    const hashed = await jidsOf({ jids: "hashed", jidsKey: "k" });
    assert.match(String(hashed[0]), /^#[0-9a-f]{12}@localhost$/);
    assert.match(String(hashed[1]), /^#[0-9a-f]{12}@localhost\/#[0-9a-f]{12}$/);
    assert.deepEqual(await jidsOf({ jids: "hashed", jidsKey: "k" }), hashed);
    assert.notDeepEqual(await jidsOf({ jids: "hashed", jidsKey: "other" }), hashed);
  });
});

describe("what is traced", () => {
  test("is nothing with a ratio of 0, but what somebody asked for", () => {
    const { tracer } = setUp();
    assert.equal(tracer.samples("juliet@localhost", "juliet@localhost/balcony", "romeo@localhost/x"), false);
    assert.equal(tracer.force("juliet@localhost", 60_000), true);
    assert.equal(tracer.force("romeo@localhost/orchard", 60_000), true);
    assert.equal(tracer.samples("juliet@localhost", "juliet@localhost/balcony"), true);
    assert.equal(tracer.samples("nurse@localhost", "nurse@localhost/x", "juliet@localhost/y"), true);
    assert.equal(tracer.samples("romeo@localhost", "romeo@localhost/orchard"), true);
    assert.equal(tracer.samples("romeo@localhost", "romeo@localhost/elsewhere"), false);
  });

  test("is everything with a ratio of 1", () => {
    assert.equal(setUp({ ratio: 1 }).tracer.samples("juliet@localhost"), true);
  });

  test("what failed or was slow is kept, 50 of it in a second and no more", async () => {
    const { tracer, exported } = setUp();
    for (let i = 0; i < 500; i++) {
      tracer.keep("receive iq", { startedAt: performance.now() - 2_000, error: "item-not-found" });
    }
    const kept = await exported();
    assert.ok(kept.length >= 50 && kept.length <= 100, String(kept.length));
    assert.equal(kept[0]?.attributes["error.type"], "item-not-found");
    assert.equal(kept[0]?.duration[0], 2);
  });
});

test("a collector that is not there holds nobody up, and its end is quiet", async () => {
  const tracer = createTracer({
    service: "rollcall-test",
    version: undefined,
    instanceId: "test-1",
    url: "http://127.0.0.1:9/v1/traces",
    ratio: 1,
    slowMs: 1_000,
    jids: "plain",
    gatherMs: 1,
  });
  // More than the queue takes.
  for (let i = 0; i < 20_000; i++) tracer.begin("receive iq")?.end();
  await tracer.stop();
});
