/** What `deploy/observability` and `docs/runbooks` hold, taken apart. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";

export const root = fileURLToPath(new URL("../../../", import.meta.url));
export const rulesFolder = "deploy/observability/prometheus";
export const dashboardsFolder = "deploy/observability/dashboards";
export const runbooksFolder = "docs/runbooks";

export interface Alert {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly keep_firing_for?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface Recording {
  readonly record: string;
  readonly expr: string;
  readonly labels?: Readonly<Record<string, string>>;
}

interface RuleFile {
  readonly groups: readonly { readonly name: string; readonly rules: readonly (Alert | Recording)[] }[];
}

export interface RuleTest {
  /** What it is about, for whoever sees it fail. */
  readonly name?: string;
  readonly input_series: readonly { readonly series: string; readonly values: string }[];
  readonly alert_rule_test?: readonly {
    readonly alertname: string;
    readonly eval_time: string;
    readonly exp_alerts?: readonly unknown[];
  }[];
  readonly promql_expr_test?: readonly { readonly expr: string }[];
}

export interface RuleTestFile {
  readonly rule_files: readonly string[];
  readonly group_eval_order: readonly string[];
  readonly tests: readonly RuleTest[];
}

export interface Runbook {
  /** From the root of the repository. */
  readonly path: string;
  readonly text: string;
  /** Those named in its line `Alerts:`. */
  readonly alerts: readonly string[];
  readonly headings: readonly string[];
}

export const read = (path: string): string => readFileSync(join(root, path), "utf8");
export const isThere = (path: string): boolean => existsSync(join(root, path));

export const ruleFiles = filesIn(rulesFolder, ".yaml");
export const ruleTestFiles = filesIn(`${rulesFolder}/tests`, ".yaml");
export const dashboardFiles = filesIn(dashboardsFolder, ".json");

const groups = ruleFiles.flatMap((path) => (parse(read(path)) as RuleFile).groups);
export const groupNames = groups.map(({ name }) => name);
const rules = groups.flatMap((group) => group.rules);
export const alerts = rules.filter((rule): rule is Alert => "alert" in rule);
export const recordings = rules.filter((rule): rule is Recording => "record" in rule);
const parsedTestFiles = ruleTestFiles.map((path) => parse(read(path)) as RuleTestFile);
export const ruleTests = parsedTestFiles.flatMap(({ tests }) => tests);
export const groupOrders = parsedTestFiles.map(({ group_eval_order }) => group_eval_order);

export const runbooks: readonly Runbook[] = filesIn(runbooksFolder, ".md")
  .filter((path) => !path.endsWith("/README.md"))
  .map((path) => {
    const text = read(path);
    const named = /^Alerts?: (.*)$/m.exec(text)?.[1] ?? "";
    return {
      path,
      text,
      alerts: [...named.matchAll(/`(\w+)`/g)].map(([, name = ""]) => name),
      headings: [...text.matchAll(/^## (.*)$/gm)].map(([, heading = ""]) => heading),
    };
  });

/** The blocks of code of a language in a page. */
export function codeBlocks(text: string, language: string): string[] {
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\``, "gm"))].map(
    ([, code = ""]) => code,
  );
}

/** The PromQL of all dashboards, with Grafana's variables in it. */
export function dashboardQueries(): string[] {
  return dashboardFiles.flatMap((path) => {
    const { panels } = JSON.parse(read(path)) as {
      panels: readonly { targets?: readonly { expr?: string; datasource: { type: string } }[] }[];
    };
    return panels
      .flatMap(({ targets = [] }) => targets)
      .filter(({ datasource }) => datasource.type === "prometheus")
      .map(({ expr = "" }) => expr);
  });
}

/** The PromQL of all runbooks; queries of one block are separated by an empty line. */
export function runbookQueries(of: readonly Runbook[] = runbooks): string[] {
  return of.flatMap(({ text }) => codeBlocks(text, "promql").flatMap((block) => block.trim().split(/\n\n+/)));
}

/** Paths from the root of the repository, in alphabetical order. */
function filesIn(folder: string, ending: string): string[] {
  if (!isThere(folder)) return [];
  return readdirSync(join(root, folder))
    .filter((name) => name.endsWith(ending))
    .sort()
    .map((name) => `${folder}/${name}`);
}
