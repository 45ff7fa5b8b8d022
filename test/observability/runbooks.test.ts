/** Every alert has a runbook, every runbook has its alerts, and what they tell one to look for exists. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { labelsOf } from "./known-metrics.ts";
import { unknownNames } from "./known-names.ts";
import { alerts, read, runbookQueries, runbooks, runbooksFolder } from "./observability-files.ts";
import { checkPromql } from "./promql.ts";

const sections = [
  "What it means",
  "What users notice",
  "How to look",
  "What to do",
  "How to know that it is over",
];

test("runbooks and alerts name each other", () => {
  const fromAlerts = alerts.map(({ alert, annotations }) => `${annotations?.runbook} ${alert}`);
  const fromRunbooks = runbooks.flatMap(({ path, alerts: named }) => named.map((name) => `${path} ${name}`));
  assert.deepEqual(fromRunbooks.sort(), fromAlerts.sort());
  assert.deepEqual(
    runbooks.filter(({ alerts: named }) => named.length === 0).map(({ path }) => path),
    [],
    "runbooks without an alert",
  );
});

test("the list of runbooks has all of them, with their alerts", () => {
  const list = read(`${runbooksFolder}/README.md`);
  for (const { path, alerts: named } of runbooks) {
    const line = list.split("\n").find((each) => each.includes(`(${path.slice(runbooksFolder.length + 1)})`));
    assert.ok(line, path);
    for (const name of named) assert.ok(line.includes(`\`${name}\``), `${path}: ${name}`);
  }
});

for (const runbook of runbooks) {
  const { path, text, headings } = runbook;
  describe(path, () => {
    test("answers the questions that every runbook answers", () => {
      assert.deepEqual(
        headings.filter((heading) => sections.includes(heading)),
        sections,
      );
    });

    test("asks Prometheus for what there is", () => {
      const queries = runbookQueries([runbook]);
      assert.ok(queries.length > 0);
      assert.deepEqual(
        queries.flatMap((query) => checkPromql(query, labelsOf).problems),
        [],
      );
    });

    test("names events of the log, and settings, that there are", () => {
      assert.deepEqual(unknownNames(text), []);
    });
  });
}
