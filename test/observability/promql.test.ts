/** The check of queries finds what is wrong with them, and nothing else. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { checkPromql, type Labels } from "./promql.ts";

const target: [string, undefined][] = [
  ["job", undefined],
  ["instance", undefined],
];
const metrics: Readonly<Record<string, Labels>> = {
  up: new Map(target),
  requests_total: new Map([...target, ["outcome", new Set(["ok", "failed"])]]),
  latency_bucket: new Map([...target, ["le", undefined]]),
  target_info: new Map([...target, ["service_name", new Set(["shop"])]]),
};
const check = (expression: string) => checkPromql(expression, (metric) => metrics[metric]);

describe("a query that is right", () => {
  for (const [expression, labels] of [
    ["up", "job, instance"],
    ['sum by (outcome) (rate(requests_total{job="a",outcome=~"ok|failed"}[$__rate_interval]))', "outcome"],
    ["sum without (instance) (rate(requests_total[5m]))", "job, outcome"],
    ['sum(rate(requests_total{outcome!="ok"}[1h] offset 1w)) > 3', ""],
    ["histogram_quantile(0.99, sum by (job, le) (rate(latency_bucket[5m])))", "job"],
    ["sum by (service_name) (up * on (job, instance) group_left (service_name) target_info)", "service_name"],
    ["up == 0 unless on (job) sum by (job) (rate(requests_total[5m]))", "job, instance"],
    ["sum by (job) (up) or 0 * count by (job) (requests_total)", "job"],
    ['label_replace(up, "host", "$1", "instance", "(.*):.*")', "job, instance, host"],
    ["max_over_time((up > 0)[5m:30s])", "job, instance"],
  ] as const) {
    test(expression, () => {
      const { problems, labels: found } = check(expression);
      assert.deepEqual(problems, []);
      assert.equal([...found.keys()].join(", "), labels);
    });
  }
});

describe("a query that is wrong", () => {
  for (const [expression, problem] of [
    ["request_total", /nothing exports request_total/],
    ["rate(requests_total{code='500'}[5m])", /requests_total has no label code/],
    ['rate(requests_total{outcome="okay"}[5m])', /never has outcome="okay"/],
    ['rate(requests_total{outcome=~"ok|fail"}[5m])', /never has outcome="fail"/],
    ["sum by (outcome) (up)", /grouped by outcome, which is not there/],
    ["sum by (outcome) (sum by (job) (requests_total))", /grouped by outcome/],
    ["up / requests_total", /one side has the labels instance, job, the other/],
    ["up * on (job, outcome) requests_total", /grouped by outcome/],
    ["up * on (job) group_left (service_name) up", /grouped by service_name/],
    ["histogram_quantile(0.99, sum by (job) (rate(latency_bucket[5m])))", /something without le/],
    ['label_replace(up, "a", "$1", "outcome", "(.*)")', /label_replace reads outcome/],
    ["sum(up", /does not parse/],
    ["up{", /broken/],
    ["rate(up[5 minutes])", /does not parse/],
    ['{__name__="up"}', /without the name of a metric/],
    ["up +", /does not parse|one side/],
  ] as const) {
    test(expression, () => assert.match(check(expression).problems.join("\n"), problem));
  }
});
