import assert from "node:assert/strict";
import { test } from "node:test";
import { CounterRegistry } from "../counters.ts";
import { metricCatalogue } from "./catalogue.ts";
import { fieldsOf } from "./collect.ts";
import { createMetrics } from "./create-metrics.ts";
import { prometheusName } from "./describe-metrics.ts";
import { Histogram, secondsBounds } from "./histogram.ts";

function open(registry = new CounterRegistry()) {
  return createMetrics({ registry, service: "rollcall-test", version: "1.2.3", instanceId: "test-1" });
}

/** `name{labels}` and value of the lines that are no comments. */
function samples(text: string): Map<string, string> {
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(" ")), line.slice(line.lastIndexOf(" ") + 1)]),
  );
}

test("a counter is shown under the name and attributes of its metric, as it is when somebody reads", async () => {
  const registry = new CounterRegistry();
  const riak = { getFound: 1, getMissing: 0 };
  registry.add("riak", riak);
  const metrics = open(registry);
  riak.getFound = 7;
  const before = samples(metrics.read().text);
  const key = [...before.keys()].find((name) => name.includes('outcome="found"'));
  assert.match(key ?? "", /^rollcall_riak_operations_total\{/);
  assert.equal(before.get(key ?? ""), "7");
  riak.getFound += 1;
  assert.equal(samples(metrics.read().text).get(key ?? ""), "8");
  await metrics.stop();
});

test("a metric whose counters a process does not have is not shown", async () => {
  const metrics = open();
  assert.ok(!metrics.read().text.includes("rollcall_presence"));
  await metrics.stop();
});

test("the process is measured itself", async () => {
  const metrics = open();
  const { text } = metrics.read();
  const value = (start: string): number => {
    const [, found] = [...samples(text)].find(([key]) => key.startsWith(start)) ?? [];
    return Number(found ?? Number.NaN);
  };
  assert.ok(value("process_memory_usage_bytes") > 1e6, text);
  assert.ok(value("v8js_memory_heap_used_bytes") > 1e6);
  assert.ok(value("v8js_memory_heap_limit_bytes") > value("v8js_memory_heap_used_bytes"));
  assert.ok(value("process_cpu_time_seconds_total") > 0);
  assert.ok(value('nodejs_eventloop_time_seconds_total{nodejs_eventloop_state="active"}') > 0);
  assert.ok(value("nodejs_eventloop_delay_max_seconds") >= 0);
  assert.ok(value('v8js_gc_duration_seconds_count{v8js_gc_type="minor"}') >= 0);
  assert.match(text, /target_info\{.*service_name="rollcall-test"/);
  await metrics.stop();
});

test("two readers at the same time see the same delays", async () => {
  const metrics = open();
  const delays = (): string[] => metrics.read().text.match(/^nodejs_eventloop_delay.*$/gm) ?? [];
  // Until the timer that measures has run.
  while (delays().every((line) => line.endsWith(" 0")))
    await new Promise((resolve) => setTimeout(resolve, 30));
  assert.ok(
    delays().some((line) => !line.endsWith(" 0")),
    "the second one sees what the first one saw",
  );
  await metrics.stop();
});

test("the Accept header decides about the format", async () => {
  const metrics = open();
  assert.match(metrics.read().contentType, /^text\/plain; version=0\.0\.4/);
  const open2 = metrics.read(
    "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3",
  );
  assert.match(open2.contentType, /^application\/openmetrics-text; version=1\.0\.0/);
  assert.ok(open2.text.endsWith("\n# EOF\n"));
  await metrics.stop();
});

test("a counter without a metric is named", async () => {
  const registry = new CounterRegistry();
  registry.add("riak", { getFound: 1, surprises: 2, delays: new Histogram(secondsBounds) });
  const metrics = open(registry);
  assert.deepEqual(metrics.unlisted(), ["riak.surprises", "riak.delays"]);
  await metrics.stop();
});

test("every metric of the catalogue comes out under the name that the documentation has", async () => {
  const registry = new CounterRegistry();
  const areas = new Map<string, Record<string, number | Histogram>>();
  for (const { from, kind } of metricCatalogue) {
    for (const [area, fields] of Object.entries(from)) {
      if (area === "process" || area === "otlp") continue;
      const numbers = areas.get(area) ?? {};
      for (const field of Object.keys(fields))
        numbers[field] = kind === "histogram" ? new Histogram(secondsBounds) : 1;
      areas.set(area, numbers);
    }
  }
  for (const [area, numbers] of areas) registry.add(area, numbers);
  const metrics = open(registry);
  const { text } = metrics.read();
  for (const spec of metricCatalogue) {
    const sample = prometheusName(spec) + (spec.kind === "histogram" ? "_count" : "");
    assert.match(text, new RegExp(`^${sample}[ {]`, "m"));
  }
  await metrics.stop();
});

test("names are there once, and so are counters", () => {
  const names = metricCatalogue.map(prometheusName);
  assert.equal(new Set(names).size, names.length);
  const fields = metricCatalogue.flatMap(fieldsOf);
  assert.equal(new Set(fields).size, fields.length);
});
