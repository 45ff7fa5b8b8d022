import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { CounterRegistry } from "../counters.ts";
import type { LogFields } from "../log-fields.ts";
import { collect } from "./collect.ts";
import { createMetrics } from "./create-metrics.ts";
import { Histogram } from "./histogram.ts";
import { metricData } from "./push-metrics.ts";

interface Export {
  readonly path: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** Answers every request with `status`. */
async function startCollector(status: number) {
  const exports: Export[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      exports.push({ path: request.url, headers: request.headers, body: Buffer.concat(chunks) });
      response.writeHead(status).end();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return { exports, url: `http://127.0.0.1:${port}/v1/metrics`, close: () => server.close() };
}

function recordingLogger() {
  const lines: LogFields[] = [];
  const logger = {
    debug: (line: LogFields) => lines.push(line),
    info: (line: LogFields) => lines.push(line),
    warn: (line: LogFields) => lines.push(line),
    error: (line: LogFields) => lines.push(line),
    with: () => logger,
  };
  return { logger, lines };
}

test("metrics are sent with the headers, for the last time when the process stops", async () => {
  const collector = await startCollector(200);
  const registry = new CounterRegistry();
  registry.add("presence", { ended: 3 });
  const { logger, lines } = recordingLogger();
  const metrics = createMetrics({
    registry,
    service: "rollcall-test",
    version: "1.2.3",
    instanceId: "test-1",
    push: { url: collector.url, headers: { authorization: "Bearer abc" }, seconds: 3_600, logger },
  });
  await metrics.stop();
  collector.close();
  const [sent] = collector.exports;
  assert.equal(collector.exports.length, 1);
  assert.equal(sent?.path, "/v1/metrics");
  assert.equal(sent?.headers["content-type"], "application/x-protobuf");
  assert.equal(sent?.headers.authorization, "Bearer abc");
  for (const text of [
    "rollcall.presence.sessions_ended",
    "rollcall-test",
    "service.instance.id",
    "{session}",
  ])
    assert.ok(sent?.body.includes(text), text);
  assert.deepEqual(lines, []);
});

test("a collector that refuses is told of in the log, without the headers, and counted", async () => {
  const collector = await startCollector(400);
  const registry = new CounterRegistry();
  const { logger, lines } = recordingLogger();
  const metrics = createMetrics({
    registry,
    service: "rollcall-test",
    version: undefined,
    instanceId: "test-1",
    push: { url: collector.url, headers: { authorization: "Bearer abc" }, seconds: 1, logger },
  });
  const failed = (): string | undefined =>
    /otlp_exports_total\{signal="metrics",outcome="failed"\} (\d+)/.exec(metrics.read().text)?.[1];
  assert.equal(failed(), "0");
  while (failed() === "0") await new Promise((resolve) => setTimeout(resolve, 20));
  await metrics.stop();
  collector.close();
  assert.equal(lines[0]?.event, "otlp.metrics-not-sent");
  assert.ok(!JSON.stringify(lines).includes("abc"));
});

test("counters are sums since the start, gauges are as they are, and histograms have their buckets", () => {
  const registry = new CounterRegistry();
  const nodeMessageSeconds = new Histogram([0.5, 1]);
  nodeMessageSeconds.record(0.75);
  nodeMessageSeconds.record(4);
  registry.add("presence", { ended: 3, sessions: 2, nodeMessageSeconds });
  const [gauge, counter, histogram] = collect(registry).map((family) => metricData(family, 1_000, 2_500));
  assert.equal(gauge?.descriptor.name, "rollcall.presence.sessions");
  assert.deepEqual(gauge?.dataPoints[0]?.value, 2);
  assert.equal(counter?.descriptor.name, "rollcall.presence.sessions_ended");
  assert.ok(counter !== undefined && "isMonotonic" in counter && counter.isMonotonic);
  assert.deepEqual(counter.dataPoints[0], {
    startTime: [1, 0],
    endTime: [2, 500_000_000],
    attributes: {},
    value: 3,
  });
  assert.equal(histogram?.descriptor.unit, "s");
  assert.deepEqual(histogram?.dataPoints[0]?.value, {
    buckets: { boundaries: [0.5, 1], counts: [0, 1, 1] },
    sum: 4.75,
    count: 2,
  });
});
