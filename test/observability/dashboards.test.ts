/** The dashboards: what they ask for exists, and Grafana can show them wherever they are imported. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { attributeCatalogue, createRedact, isKnownSpanName } from "@rollcall/telemetry";
import { needs } from "@rollcall/testkit";
import { labelsOf } from "./known-metrics.ts";
import { unknownNames } from "./known-names.ts";
import { alerts, dashboardFiles, dashboardsFolder, read, root } from "./observability-files.ts";
import { checkPromql } from "./promql.ts";

interface Query {
  readonly refId: string;
  readonly datasource: { readonly type: string; readonly uid: string };
  readonly expr?: string;
  readonly query?: string;
}

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly datasource?: { readonly type: string; readonly uid: string };
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly fieldConfig?: { readonly defaults: { readonly unit?: string } };
  readonly options?: { readonly yAxis?: { readonly unit?: string } };
  readonly targets?: readonly Query[];
}

interface Variable {
  readonly name: string;
  readonly type: string;
  readonly query: string | { readonly query: string };
}

interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly schemaVersion: number;
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly Variable[] };
}

const dashboards = dashboardFiles.map((path) => ({
  path,
  text: read(path),
  dashboard: JSON.parse(read(path)) as Dashboard,
}));

/** Those of Grafana's units that are used here. */
const units = ["short", "none", "percentunit", "s", "bytes", "reqps"];
const withNumbers = ["timeseries", "stat", "heatmap", "table"];

test("the files are what their descriptions make; `npm run dashboards` writes them", async () => {
  const source = pathToFileURL(join(root, "scripts/dashboards/index.mjs")).href;
  const { dashboards: made } = (await import(source)) as { dashboards: Record<string, unknown> };
  assert.deepEqual(
    Object.keys(made)
      .map((file) => `${dashboardsFolder}/${file}`)
      .sort(),
    dashboardFiles,
  );
  for (const { path, dashboard } of dashboards)
    assert.deepEqual(dashboard, made[path.slice(dashboardsFolder.length + 1)], path);
});

test("each has a uid and a title of its own", () => {
  for (const field of ["uid", "title"] as const) {
    const all = dashboards.map(({ dashboard }) => dashboard[field]);
    assert.equal(new Set(all).size, all.length);
  }
  for (const { dashboard } of dashboards) assert.match(dashboard.uid, /^rollcall-[a-z-]{1,31}$/);
});

test("the list of dashboards has all of them, and names what there is", () => {
  const list = read("deploy/observability/README.md");
  for (const path of dashboardFiles)
    assert.ok(list.includes(`\`${path.slice(dashboardsFolder.length + 1)}\``), path);
  assert.deepEqual(unknownNames(list), []);
});

test("alerts send people to most of them", () => {
  const named = new Set(alerts.map(({ annotations }) => annotations?.dashboard));
  const others = dashboardFiles.filter((path) => !named.has(path));
  assert.deepEqual(
    others,
    ["one-user.json", "presence.json"].map((file) => `${dashboardsFolder}/${file}`),
  );
});

test("the dashboard of one user says how to make a stand-in", needs("openssl"), () => {
  const { text } = dashboards.find(({ path }) => path.endsWith("one-user.json")) ?? assert.fail();
  const [, command = ""] = /`(printf %s romeo@example\.org \| openssl [^`]+)`/.exec(text) ?? [];
  const printed = execFileSync("sh", ["-c", command.replace("KEY", "secret")], { encoding: "utf8" });
  const digits = /[0-9a-f]{64}/.exec(printed)?.[0].slice(0, 12);
  const shown = createRedact("hashed", "secret")({ account: "romeo@example.org" });
  assert.equal(`#${digits}@example.org`, shown.account);
});

for (const { path, text, dashboard } of dashboards) {
  const { panels, templating } = dashboard;
  const variables = templating.list;
  const queries = panels.flatMap(({ title, targets = [] }) => targets.map((query) => ({ title, ...query })));

  describe(path, () => {
    test("reads metrics that there are, by labels that these have", () => {
      const problems = queries
        .filter(({ datasource }) => datasource.type === "prometheus")
        .flatMap(({ title, expr = "" }) =>
          checkPromql(expr, labelsOf).problems.map((problem) => `${title}: ${problem}`),
        );
      assert.deepEqual(problems, []);
    });

    test("offers values of labels that there are", () => {
      for (const { name, type, query } of variables) {
        if (type !== "query" || typeof query === "string") continue;
        const [, metric = "", label = ""] = /^label_values\((\w+), (\w+)\)$/.exec(query.query) ?? [];
        assert.ok(labelsOf(metric)?.has(label), `${name}: ${query.query}`);
      }
    });

    test("asks for spans and attributes that there are", () => {
      for (const { title, query } of queries.filter(({ datasource }) => datasource.type === "tempo")) {
        const attributes = [...(query ?? "").matchAll(/span\.([a-z._]+)/g)].map(([, name = ""]) => name);
        const names = [...(query ?? "").matchAll(/name =~? "([^"]+)"/g)].map(([, name = ""]) => name);
        assert.ok(attributes.length > 0, title);
        for (const name of attributes) assert.ok(name in attributeCatalogue, `${title}: ${name}`);
        for (const name of names) assert.ok(isKnownSpanName(name.replace(".*", "x")), `${title}: ${name}`);
      }
    });

    test("names events and settings that there are", () => {
      assert.deepEqual(unknownNames(text), []);
    });

    test("uses variables that it has, and all of them", () => {
      const used = new Set([...text.matchAll(/\$\{?([a-z]\w*)/g)].map(([, name = ""]) => name));
      assert.deepEqual([...used].sort(), variables.map(({ name }) => name).sort());
    });

    test("takes its data from where the one who looks has them", () => {
      const sources = [
        ...panels.flatMap(({ datasource }) => datasource ?? []),
        ...queries.map((q) => q.datasource),
      ];
      for (const { type, uid } of sources) {
        assert.equal(uid, `\${${type}}`);
        assert.ok(variables.some((variable) => variable.type === "datasource" && variable.query === type));
      }
    });

    test("is in the form of the present Grafana, with panels that have names, reasons, units and places", () => {
      assert.equal(dashboard.schemaVersion, 42);
      assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length);
      for (const { type, title, description = "", fieldConfig, options, targets = [] } of panels) {
        if (type === "row" || type === "text") continue;
        assert.match(title, /^[A-Z]/);
        assert.match(description, /\.$/, title);
        if (withNumbers.includes(type) && targets.some(({ datasource }) => datasource.type === "prometheus"))
          assert.ok(units.includes(fieldConfig?.defaults.unit ?? options?.yAxis?.unit ?? ""), title);
        assert.equal(new Set(targets.map(({ refId }) => refId)).size, targets.length);
      }
      for (const panel of panels) {
        assert.ok(panel.gridPos.x + panel.gridPos.w <= 24, panel.title);
        for (const other of panels) assert.ok(panel === other || !overlap(panel, other), panel.title);
      }
    });
  });
}

function overlap({ gridPos: a }: Panel, { gridPos: b }: Panel): boolean {
  return a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
}
