/**
 * Metrics as text: the format 0.0.4 of Prometheus, and OpenMetrics 1.0 (https://prometheus.io/docs/specs/om/), which has
 * exemplars. The two differ in how counters are announced, in `target_info`, in units and in the end.
 */
import type { MetricAttributes } from "./catalogue.ts";
import type { Family } from "./collect.ts";
import { labelName, prometheusFamily, prometheusName } from "./describe-metrics.ts";
import { Histogram } from "./histogram.ts";

export type TextFormat = "prometheus" | "openmetrics";

export const contentTypes: Readonly<Record<TextFormat, string>> = {
  prometheus: "text/plain; version=0.0.4; charset=utf-8",
  openmetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8",
};

/** What a client wants, as its Accept header has it: OpenMetrics only where it is named, and nothing is liked better. */
export function formatFor(accept: string | undefined): TextFormat {
  let openMetrics = 0;
  let text = 0;
  for (const range of (accept ?? "").toLowerCase().split(",")) {
    const [type = "", ...parameters] = range.split(";").map((part) => part.trim());
    const q = Number(parameters.find((parameter) => parameter.startsWith("q="))?.slice(2) ?? 1);
    if (type === "application/openmetrics-text") openMetrics = Math.max(openMetrics, q);
    else if (type === "text/plain") text = Math.max(text, q);
  }
  return openMetrics > 0 && openMetrics >= text ? "openmetrics" : "prometheus";
}

/** @param resource attributes of the process, for `target_info`. */
export function formatMetrics(
  families: readonly Family[],
  resource: MetricAttributes,
  format: TextFormat,
): string {
  const isOpen = format === "openmetrics";
  let text = isOpen
    ? "# TYPE target info\n# HELP target Target metadata\n"
    : "# HELP target_info Target metadata\n# TYPE target_info gauge\n";
  text += `target_info${braces(labelsText(resource))} 1\n`;
  for (const { spec, points } of families) {
    const sample = prometheusName(spec);
    const family = isOpen ? prometheusFamily(spec) : sample;
    text += `# TYPE ${family} ${spec.kind}\n`;
    if (isOpen && spec.unit === "s") text += `# UNIT ${family} seconds\n`;
    if (isOpen && spec.unit === "By") text += `# UNIT ${family} bytes\n`;
    text += `# HELP ${family} ${isOpen ? escaped(spec.help) : escapedHelp(spec.help)}\n`;
    for (const { attributes, value } of points) {
      const labels = labelsText(attributes);
      if (value instanceof Histogram) text += histogramText(sample, labels, value, isOpen);
      else text += `${sample}${braces(labels)} ${numberText(value)}\n`;
    }
  }
  return isOpen ? `${text}# EOF\n` : text;
}

function histogramText(
  name: string,
  labels: string,
  { bounds, counts, sum, exemplars }: Histogram,
  withExemplars: boolean,
): string {
  const before = labels === "" ? "" : `${labels},`;
  let text = "";
  let count = 0;
  for (const [bucket, each] of counts.entries()) {
    count += each;
    text += `${name}_bucket{${before}le="${boundText(bounds[bucket])}"} ${count}`;
    const exemplar = withExemplars ? exemplars?.[bucket] : undefined;
    if (exemplar !== undefined) {
      const { traceId, value, at } = exemplar;
      text += ` # {trace_id="${escaped(traceId)}"} ${numberText(value)} ${(at / 1_000).toFixed(3)}`;
    }
    text += "\n";
  }
  return `${text}${name}_sum${braces(labels)} ${numberText(sum)}\n${name}_count${braces(labels)} ${count}\n`;
}

/** A bound is the same label in both formats, or a bucket would be another series where a client changes its mind. */
function boundText(bound: number | undefined): string {
  if (bound === undefined) return "+Inf";
  return Number.isInteger(bound) ? `${bound}.0` : String(bound);
}

const texts = new WeakMap<MetricAttributes, string>();

function labelsText(attributes: MetricAttributes): string {
  let text = texts.get(attributes);
  if (text === undefined) {
    text = Object.entries(attributes)
      .map(([name, value]) => `${labelName(name)}="${escaped(value)}"`)
      .join(",");
    texts.set(attributes, text);
  }
  return text;
}

function braces(labels: string): string {
  return labels === "" ? "" : `{${labels}}`;
}

function numberText(value: number): string {
  if (Number.isFinite(value)) return String(value);
  if (Number.isNaN(value)) return "NaN";
  return value > 0 ? "+Inf" : "-Inf";
}

function escaped(text: string): string {
  return escapedHelp(text).replaceAll('"', '\\"');
}

function escapedHelp(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}
