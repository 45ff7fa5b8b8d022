import assert from "node:assert/strict";
import { test } from "node:test";
import { CounterRegistry } from "../counters.ts";
import { metricCatalogue } from "./catalogue.ts";
import { createMetrics, fieldsOf } from "./create-metrics.ts";
import { prometheusName } from "./describe-metrics.ts";

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
  const before = samples(await metrics.read());
  const key = [...before.keys()].find((name) => name.includes('outcome="found"'));
  assert.match(key ?? "", /^rollcall_riak_operations_total\{/);
  assert.equal(before.get(key ?? ""), "7");
  riak.getFound += 1;
  assert.equal(samples(await metrics.read()).get(key ?? ""), "8");
  await metrics.stop();
});

test("a metric whose counters a process does not have is not shown", async () => {
  const metrics = open();
  assert.ok(!(await metrics.read()).includes("rollcall_presence"));
  await metrics.stop();
});

test("the process is measured itself", async () => {
  const metrics = open();
  const text = await metrics.read();
  const value = (start: string): number => {
    const [, found] = [...samples(text)].find(([key]) => key.startsWith(start)) ?? [];
    return Number(found ?? Number.NaN);
  };
  assert.ok(value("process_memory_usage") > 1e6, text);
  assert.ok(value("v8js_memory_heap_used") > 1e6);
  assert.ok(value("process_cpu_time_total") > 0);
  assert.ok(value("nodejs_eventloop_delay_max") >= 0);
  assert.match(text, /target_info\{.*service_name="rollcall-test"/);
  await metrics.stop();
});

test("a counter without a metric is named", async () => {
  const registry = new CounterRegistry();
  registry.add("riak", { getFound: 1, surprises: 2 });
  const metrics = open(registry);
  assert.deepEqual(metrics.unlisted(), ["riak.surprises"]);
  await metrics.stop();
});

test("every metric of the catalogue comes out under the name that the documentation has", async () => {
  const registry = new CounterRegistry();
  const areas = new Map<string, Record<string, number>>();
  for (const { from } of metricCatalogue) {
    for (const [area, fields] of Object.entries(from)) {
      if (area === "process") continue;
      const numbers = areas.get(area) ?? {};
      for (const field of Object.keys(fields)) numbers[field] = 1;
      areas.set(area, numbers);
    }
  }
  for (const [area, numbers] of areas) registry.add(area, numbers);
  const metrics = open(registry);
  const text = await metrics.read();
  for (const spec of metricCatalogue) assert.match(text, new RegExp(`^${prometheusName(spec)}[ {]`, "m"));
  await metrics.stop();
});

test("names are there once, and so are counters", () => {
  const names = metricCatalogue.map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
  const fields = metricCatalogue.flatMap(fieldsOf);
  assert.equal(new Set(fields).size, fields.length);
});
