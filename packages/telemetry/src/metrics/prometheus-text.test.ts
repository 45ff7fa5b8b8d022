import assert from "node:assert/strict";
import { test } from "node:test";
import { CounterRegistry } from "../counters.ts";
import { collect, type Family } from "./collect.ts";
import { Counts } from "./counts.ts";
import { Histogram } from "./histogram.ts";
import { formatFor, formatMetrics } from "./prometheus-text.ts";

const resource = { "service.name": "rollcall-test" };

function familiesWith(area: string, fields: object): Family[] {
  const registry = new CounterRegistry();
  registry.add(area, fields);
  return collect(registry);
}

test("a counter, as Prometheus has it and as OpenMetrics has it", () => {
  const families = familiesWith("presence", { ended: 3 });
  assert.equal(
    formatMetrics(families, resource, "prometheus"),
    [
      "# HELP target_info Target metadata",
      "# TYPE target_info gauge",
      'target_info{service_name="rollcall-test"} 1',
      "# TYPE rollcall_presence_sessions_ended_total counter",
      "# HELP rollcall_presence_sessions_ended_total Sessions that have ended.",
      "rollcall_presence_sessions_ended_total 3",
      "",
    ].join("\n"),
  );
  assert.equal(
    formatMetrics(families, resource, "openmetrics"),
    [
      "# TYPE target info",
      "# HELP target Target metadata",
      'target_info{service_name="rollcall-test"} 1',
      "# TYPE rollcall_presence_sessions_ended counter",
      "# HELP rollcall_presence_sessions_ended Sessions that have ended.",
      "rollcall_presence_sessions_ended_total 3",
      "# EOF",
      "",
    ].join("\n"),
  );
});

test("buckets are added up, and their bounds are the same text in both formats", () => {
  const nodeMessageSeconds = new Histogram([0.5, 1]);
  for (const value of [0.25, 0.25, 0.75, 4]) nodeMessageSeconds.record(value);
  const families = familiesWith("presence", { nodeMessageSeconds });
  for (const format of ["prometheus", "openmetrics"] as const) {
    const name = "rollcall_presence_node_message_duration_seconds";
    const lines = formatMetrics(families, resource, format).split("\n");
    assert.deepEqual(
      lines.filter((line) => line.startsWith(name)),
      [
        `${name}_bucket{le="0.5"} 2`,
        `${name}_bucket{le="1.0"} 3`,
        `${name}_bucket{le="+Inf"} 4`,
        `${name}_sum 5.25`,
        `${name}_count 4`,
      ],
    );
    assert.equal(lines.includes(`# UNIT ${name} seconds`), format === "openmetrics");
  }
});

test("the trace of a bucket is told in OpenMetrics only", () => {
  const nodeMessageSeconds = new Histogram([1]);
  nodeMessageSeconds.record(0.5, "0af7651916cd43dd8448eb211c80319c");
  const families = familiesWith("presence", { nodeMessageSeconds });
  assert.match(
    formatMetrics(families, resource, "openmetrics"),
    /_bucket\{le="1\.0"\} 1 # \{trace_id="0af7651916cd43dd8448eb211c80319c"\} 0\.5 \d{10}\.\d{3}$/m,
  );
  assert.ok(!formatMetrics(families, resource, "prometheus").includes("trace_id"));
});

test("what tells numbers of one metric apart stands beside what the field stands for", () => {
  const stanzasIn = Counts.of("kind", ["message", "iq"]);
  stanzasIn.add(1, 4);
  const text = formatMetrics(familiesWith("connection", { stanzasIn }), resource, "prometheus");
  assert.match(text, /^rollcall_uplink_stanzas_total\{outcome="accepted",kind="message"\} 0$/m);
  assert.match(text, /^rollcall_uplink_stanzas_total\{outcome="accepted",kind="iq"\} 4$/m);
});

test("labels and numbers of any kind are well-formed", () => {
  const sessions = new Counts([{ domain: 'a"b\\c\nd' }]);
  sessions.add(0, Number.POSITIVE_INFINITY);
  const text = formatMetrics(familiesWith("connection", { sessions }), resource, "prometheus");
  assert.ok(text.includes('rollcall_connection_sessions{domain="a\\"b\\\\c\\nd"} +Inf\n'), text);
});

const prometheus =
  "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1";
for (const [accept, format] of [
  [undefined, "prometheus"],
  ["*/*", "prometheus"],
  ["text/plain", "prometheus"],
  [prometheus, "openmetrics"],
  ["text/plain;version=0.0.4;q=0.6,application/openmetrics-text;version=1.0.0;q=0.5", "prometheus"],
  ["application/openmetrics-text;q=0", "prometheus"],
] as const) {
  test(`Accept: ${accept} is answered in the format ${format}`, () => {
    assert.equal(formatFor(accept), format);
  });
}
