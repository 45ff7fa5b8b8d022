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
    "Every process serves these at `/metrics` of its HTTP port (`listen.http`), as far as they concern it, and sends them to",
    "`otlp.endpoint` every `metrics.push_seconds` where that is set. They are plain counters, read when somebody asks. Histograms show",
    "the last sampled trace of each bucket to whoever asks for OpenMetrics, as Prometheus does.",
    "",
    "A histogram is `…_bucket`, `…_sum` and `…_count` there. `target_info` has the service, its version and its instance.",
    "The label `service` of the ownership metrics is the one whose partitions it is about: a scrape that gives each series a `service`",
    "of its own, as a ServiceMonitor does, needs `honorLabels: true`.",
    "",
    "This page is made from the code: `npm run metrics` writes it, and a test holds it against the catalogue.",
    "",
    "| metric | kind | unit | labels | meaning |",
    "| --- | --- | --- | --- | --- |",
    ...rows,
    "",
  ].join("\n");
}

/** Of the metric as a whole, without what tells the kind of a sample (`_total`, `_bucket`). */
export function prometheusFamily({ name, unit }: Pick<MetricSpec, "name" | "unit">): string {
  const base = labelName(name);
  if (unit === "s") return `${base}_seconds`;
  return unit === "By" ? `${base}_bytes` : base;
}

/** The name under which Prometheus shows it; of a histogram the part that its samples begin with. */
export function prometheusName(spec: Pick<MetricSpec, "name" | "kind" | "unit">): string {
  const family = prometheusFamily(spec);
  return spec.kind === "counter" ? `${family}_total` : family;
}

/** An attribute's name as Prometheus has it. */
export function labelName(name: string): string {
  return name.replaceAll(/[^a-zA-Z0-9_]/g, "_");
}

/** Labels of a metric with the values that there may be; a text says what they are where they depend on the settings. */
export function labelsOf({ from, own }: MetricSpec): ReadonlyMap<string, readonly string[] | string> {
  const labels = new Map<string, readonly string[] | string>();
  for (const fields of Object.values(from)) {
    for (const attributes of Object.values(fields)) {
      for (const [name, value] of Object.entries(attributes)) {
        const known = labels.get(labelName(name)) ?? [];
        if (typeof known !== "string" && !known.includes(value))
          labels.set(labelName(name), [...known, value]);
      }
    }
  }
  for (const [name, values] of Object.entries(own)) labels.set(labelName(name), values);
  return labels;
}

function unitText(unit: string): string {
  if (unit === "s") return "seconds";
  if (unit === "By") return "bytes";
  return "count";
}

function attributesText(spec: MetricSpec): string {
  return [...labelsOf(spec)]
    .map(([label, values]) => `\`${label}\`: ${typeof values === "string" ? values : values.join(", ")}`)
    .join("; ");
}
