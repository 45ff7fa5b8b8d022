/** Every panel shows something of a real cluster: what a Prometheus would have of it is given to the engine of Prometheus. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { befriendIn, needs, onlineAt, type RunningCluster, startCluster, toolFor } from "@rollcall/testkit";
import { stringify } from "yaml";
import { dashboardFiles, read, root, ruleFiles } from "./observability-files.ts";

interface Panel {
  readonly title: string;
  readonly targets?: readonly { readonly expr?: string; readonly datasource: { readonly type: string } }[];
}

/** Shown only while there is something to show, which in a healthy cluster is never. */
const emptyInHealth = new Set(["Connections / Draining", "Overview / Alerts"]);

const expressions = dashboardFiles.flatMap((path) => {
  const { title: dashboard, panels } = JSON.parse(read(path)) as { title: string; panels: readonly Panel[] };
  return panels.flatMap(({ title, targets = [] }) =>
    targets
      .filter(({ datasource }) => datasource.type === "prometheus")
      .map(({ expr = "" }) => ({
        panel: `${dashboard.replace("Rollcall / ", "")} / ${title}`,
        expr: expr.replaceAll("$__rate_interval", "5m").replaceAll("$namespace", ".*"),
      })),
  );
});

describe("the panels, of a cluster in which two people have met", needs("nats-server"), () => {
  let cluster: RunningCluster;
  let folder: string;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "rollcall-panels-"));
    cluster = await startCluster({ counts: { connection: 1, roster: 1, presence: 1 } });
  });
  after(async () => {
    await cluster?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test("all have data", needs("promtool"), async () => {
    await meet(cluster);
    const file = join(folder, "panels.yaml");
    writeFileSync(
      file,
      stringify({
        rule_files: ruleFiles.map((path) => join(root, path)),
        tests: [
          {
            interval: "15s",
            input_series: await asScraped(cluster),
            promql_expr_test: expressions
              .filter(({ panel }) => !emptyInHealth.has(panel))
              .map(({ expr }) => ({
                expr: `count(${expr}) > bool 0`,
                eval_time: "10m",
                exp_samples: [{ labels: "{}", value: 1 }],
              })),
          },
        ],
      }),
    );
    const { stdout, stderr } = spawnSync(toolFor("promtool"), ["test", "rules", file], { encoding: "utf8" });
    const failed = expressions.filter(({ expr }) =>
      `${stdout}${stderr}`.includes(JSON.stringify(`count(${expr}) > bool 0`)),
    );
    assert.deepEqual(failed, []);
    assert.match(stdout, /SUCCESS/, stderr);
  });
});

/** Juliet and Romeo know each other, log in, change their presence, and write. */
async function meet(cluster: RunningCluster): Promise<void> {
  const [node] = cluster.nodes;
  assert.ok(node);
  await befriendIn(cluster, "juliet", "romeo");
  const juliet = await onlineAt(cluster, node, "juliet");
  const romeo = await onlineAt(cluster, node, "romeo");
  await juliet.presence("<show>away</show>");
  juliet.send(`<message to='${romeo.bare}' type='chat'><body>hello</body></message>`);
  await romeo.settled([juliet.bare]);
  await Promise.all([juliet.close(), romeo.close()]);
}

/** Every sample of every process as a series that stays as it is, under the labels of a target on Kubernetes. */
async function asScraped(cluster: RunningCluster): Promise<{ series: string; values: string }[]> {
  const series: { series: string; values: string }[] = [];
  for (const { name, url } of cluster.http) {
    const target = `namespace="chat",pod="${name}",job="chat/rollcall",instance="${new URL(url).host}"`;
    series.push({ series: `up{${target}}`, values: "1x60" });
    const text = await (await fetch(`${url}/metrics`)).text();
    for (const line of text.split("\n")) {
      const [, metric = "", labels = "", value = ""] =
        /^([a-z_0-9A-Z]+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
      if (metric === "") continue;
      series.push({
        series: `${metric}{${target}${labels === "" ? "" : `,${labels}`}}`,
        values: `${value}x60`,
      });
    }
  }
  return series;
}
