import { type MetricSpec, metricCatalogue } from "./catalogue.ts";

/** The catalogue as Markdown, for `docs/metrics.md`. */
export function describeMetrics(): string {
  const rows = metricCatalogue.map(
    (spec) =>
      `| \`${prometheusName(spec)}\` | ${spec.kind} | ${unitText(spec.unit)} | ${attributesText(spec)} | ${spec.help} |`,
  );
  return [
    "# Metrics",
    "",
    "Every process serves these at `/metrics` of its HTTP port (`listen.http`), as far as they concern it. They are plain counters,",
    "read when somebody asks. This page is made from the code: `npm run metrics` writes it, and a test holds it against the catalogue.",
    "",
    "| metric | kind | unit | labels | meaning |",
    "| --- | --- | --- | --- | --- |",
    ...rows,
    "",
  ].join("\n");
}

/** The name under which Prometheus shows it. */
export function prometheusName({ name, kind }: Pick<MetricSpec, "name" | "kind">): string {
  const base = name.replaceAll(/[^a-zA-Z0-9_]/g, "_");
  return kind === "counter" ? `${base}_total` : base;
}

function unitText(unit: string): string {
  if (unit === "s") return "seconds";
  if (unit === "By") return "bytes";
  return "count";
}

function attributesText({ from }: MetricSpec): string {
  const values = new Map<string, Set<string>>();
  for (const fields of Object.values(from)) {
    for (const attributes of Object.values(fields)) {
      for (const [name, value] of Object.entries(attributes)) {
        const label = name.replaceAll(".", "_");
        values.set(label, (values.get(label) ?? new Set()).add(value));
      }
    }
  }
  return [...values].map(([label, all]) => `\`${label}\`: ${[...all].join(", ")}`).join("; ");
}
