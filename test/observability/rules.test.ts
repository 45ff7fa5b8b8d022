/** The rules for Prometheus: what they read exists, and what they say is complete and tested. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { needs, toolFor } from "@rollcall/testkit";
import { stringify } from "yaml";
import { labelsOf } from "./known-metrics.ts";
import {
  type Alert,
  alerts,
  dashboardFiles,
  dashboardQueries,
  groupNames,
  groupOrders,
  isThere,
  read,
  recordings,
  root,
  ruleFiles,
  ruleTestFiles,
  ruleTests,
  runbookQueries,
} from "./observability-files.ts";
import { checkPromql } from "./promql.ts";

describe("rules and their tests", () => {
  test("read metrics that there are, by labels that these have", () => {
    const expressions = [
      ...recordings.map(({ record, expr }) => [record, expr] as const),
      ...alerts.map(({ alert, expr }) => [alert, expr] as const),
      ...ruleTests.flatMap(({ name = "", input_series, promql_expr_test = [] }) => [
        ...input_series.map(({ series }) => [name, series] as const),
        ...promql_expr_test.map(({ expr }) => [name, expr] as const),
      ]),
    ];
    assert.ok(expressions.length > 50);
    const problems = expressions.flatMap(([where, expr]) =>
      checkPromql(expr, labelsOf).problems.map((problem) => `${where}: ${problem}`),
    );
    assert.deepEqual(problems, []);
  });
});

test("rules of tests are evaluated in the order in which they read each other", () => {
  const recorded = groupNames.filter((name) => name.startsWith("rollcall-recorded-"));
  const others = groupNames.filter((name) => !recorded.includes(name));
  for (const order of groupOrders) assert.deepEqual(order, [...recorded, ...others]);
});

describe("recording rules", () => {
  test("have names of level, metric and operation, and the labels of their level", () => {
    for (const { record } of recordings) {
      const level = /^([a-z_]+):rollcall_[a-z_]+:[a-z0-9_]+$/.exec(record)?.[1];
      assert.ok(level, record);
      assert.equal([...(labelsOf(record)?.keys() ?? [])].join("_"), level, record);
    }
  });

  test("are all used", () => {
    const used = new Set([
      ...alerts.flatMap(({ expr }) => [...checkPromql(expr, labelsOf).metrics]),
      ...recordings.flatMap(({ expr }) => [...checkPromql(expr, labelsOf).metrics]),
    ]);
    const dashboards = dashboardFiles.map(read).join("\n");
    const unused = recordings.filter(({ record }) => !used.has(record) && !dashboards.includes(record));
    assert.deepEqual(unused, []);
  });
});

describe("alerts", () => {
  test("have names of their own", () => {
    const names = alerts.map(({ alert }) => alert);
    assert.deepEqual(names, [...new Set(names)]);
    for (const name of names) assert.match(name, /^Rollcall[A-Z]\w+$/);
  });

  for (const alert of alerts) {
    test(`${alert.alert} says how bad it is, what is wrong, and where to read on`, () => {
      assert.ok(["critical", "warning"].includes(alert.labels?.severity ?? ""), "severity");
      const { summary = "", description = "", runbook = "", dashboard = "" } = alert.annotations ?? {};
      assert.match(summary, /^[A-Z].{10,120}$/);
      assert.match(description, /\.$/);
      assert.ok(isThere(runbook), `runbook ${runbook}`);
      assert.ok(isThere(dashboard), `dashboard ${dashboard}`);
      assert.deepEqual(unknownLabels(alert), []);
    });

    test(`${alert.alert} has tests in which it fires and in which it does not`, () => {
      const expected = ruleTests.flatMap(({ alert_rule_test = [] }) =>
        alert_rule_test
          .filter(({ alertname }) => alertname === alert.alert)
          .map(({ exp_alerts = [] }) => exp_alerts.length > 0),
      );
      assert.ok(expected.includes(true), "none in which it fires");
      assert.ok(expected.includes(false), "none in which it is silent");
    });
  }
});

/** Labels that the texts of an alert name, and the alert does not have. */
function unknownLabels({ expr, labels = {}, annotations = {} }: Alert): string[] {
  const known = [...checkPromql(expr, labelsOf).labels.keys(), ...Object.keys(labels)];
  return Object.values(annotations)
    .flatMap((text) => [...text.matchAll(/\$labels\.(\w+)/g)].map(([, label = ""]) => label))
    .filter((label) => !known.includes(label));
}

describe("promtool", needs("promtool"), () => {
  const run = (...args: readonly string[]): void => {
    const { status, stdout, stderr, error } = spawnSync(toolFor("promtool"), args, {
      cwd: root,
      encoding: "utf8",
    });
    assert.equal(status, 0, `${error ?? ""}${stdout}${stderr}`);
  };

  test("finds nothing wrong with the rules", () => {
    run("check", "rules", "--lint=all", "--lint-fatal", ...ruleFiles);
  });

  // The grammar knows no types: that `rate` needs a range, for one.
  test("understands what dashboards and runbooks ask as well", () => {
    const folder = mkdtempSync(join(tmpdir(), "rollcall-queries-"));
    try {
      const file = join(folder, "queries.yaml");
      const rules = [...dashboardQueries(), ...runbookQueries()].map((expr) => ({
        record: "query",
        expr: expr.replaceAll(/\$__\w+/g, "5m"),
      }));
      assert.ok(rules.length > 100);
      writeFileSync(file, stringify({ groups: [{ name: "queries", rules }] }));
      run("check", "rules", "--lint=none", file);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test("sees alerts fire when they should, and only then", () => {
    run("test", "rules", ...ruleTestFiles);
  });
});
