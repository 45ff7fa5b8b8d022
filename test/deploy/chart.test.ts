/** The files of the Helm chart, held against the code, without helm. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { clusterSettings } from "@rollcall/cluster";
import type { Settings } from "@rollcall/runtime";
import { parse } from "yaml";
import { chartFiles, read } from "./chart/chart-files.ts";
import { faultsOf } from "./chart/kubernetes-schemas.ts";
import type { Manifest } from "./chart/manifest.ts";

describe("what the chart knows of settings", () => {
  test("is what the code declares; `npm run chart` writes it", () => {
    for (const { path, text } of chartFiles((file) => readFileSync(file, "utf8"))) {
      assert.deepEqual(JSON.parse(readFileSync(path, "utf8")), JSON.parse(text), path);
    }
  });

  test("has every setting once, and nothing else: as a value, or as a secret", () => {
    const { $defs } = JSON.parse(read("deploy/helm/rollcall/values.schema.json")) as {
      $defs: Record<"settings" | "secrets", { properties: object; additionalProperties: boolean }>;
    };
    const values = Object.keys($defs.settings.properties);
    const secrets = Object.keys($defs.secrets.properties);
    assert.deepEqual([...values, ...secrets].sort(), Object.keys(clusterSettings).sort());
    assert.deepEqual(
      secrets.sort(),
      Object.entries(clusterSettings as Settings)
        .filter(([, { secret }]) => secret === true)
        .map(([name]) => name)
        .sort(),
    );
    assert.equal($defs.settings.additionalProperties || $defs.secrets.additionalProperties, false);
  });
});

describe("the chart", () => {
  const about = parse(read("deploy/helm/rollcall/Chart.yaml")) as {
    appVersion: string;
    dependencies: { name: string; version: string; condition: string; repository: string }[];
  };

  test("is of the version of the program, and its dependency is an exact version that can be left out", () => {
    const { version } = JSON.parse(read("packages/cli/package.json")) as { version: string };
    assert.equal(about.appVersion, version);
    for (const { name, version: wanted, condition, repository } of about.dependencies) {
      assert.match(wanted, /^\d+\.\d+\.\d+$/);
      assert.equal(condition, `${name}.enabled`);
      assert.match(repository, /^https:/);
    }
  });

  test("has a README that names every value", () => {
    const values = parse(read("deploy/helm/rollcall/values.yaml"), { merge: true }) as Record<
      string,
      unknown
    >;
    const readme = read("deploy/helm/rollcall/README.md");
    const missing = Object.keys(values).filter((name) => !readme.includes(`\`${name}`));
    assert.deepEqual(missing, []);
  });

  test("scales by metrics that there are, and only by those that it has rules for", () => {
    const shown = new Map(
      [...read("docs/metrics.md").matchAll(/^\| `(\w+)` \| (\w+) \|/gm)].map(
        ([, name = "", kind = ""]) => [name, kind] as const,
      ),
    );
    const isShown = (series: string): boolean => {
      const histogram = series.replace(/_(sum|count|bucket)$/, "");
      return shown.has(series) || shown.get(histogram) === "histogram";
    };
    const signals = parse(read("deploy/helm/rollcall/files/signals.yaml")) as Record<
      string,
      { series: string; query: string }
    >;
    for (const { series, query } of Object.values(signals)) {
      for (const name of [series, ...(query.match(/\brollcall_\w+/g) ?? [])]) {
        assert.ok(isShown(name), `${name} is no metric`);
      }
    }
    const values = parse(read("deploy/helm/rollcall/values.yaml"), { merge: true }) as Record<
      string,
      { autoscaling: { signals: object } }
    >;
    for (const kind of ["connection", "roster", "presence"]) {
      for (const name of Object.keys(values[kind]?.autoscaling.signals ?? {}))
        assert.ok(name in signals, name);
    }
  });
});

test("the schemas of Kubernetes find what is wrong with a manifest", async () => {
  const right: Manifest = {
    apiVersion: "policy/v1",
    kind: "PodDisruptionBudget",
    metadata: { name: "one" },
    spec: { maxUnavailable: 1, selector: { matchLabels: { any: "label" } } },
  };
  assert.deepEqual(await faultsOf(right), []);
  assert.deepEqual(await faultsOf({ ...right, spec: { maxUnavailble: 1 } }), [
    "/spec/maxUnavailble is no field of a PodDisruptionBudget",
  ]);
  assert.match((await faultsOf({ ...right, spec: { selector: [] } }))[0] ?? "", /selector.*must be object/);
  assert.deepEqual(await faultsOf({ ...right, kind: "PodDisruption" }), [
    "there is no policy/v1 PodDisruption",
  ]);
});
