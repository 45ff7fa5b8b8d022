/** What a Prometheus that scrapes Rollcall has, with the labels of each metric. */
import {
  longSecondsBounds,
  type MetricSpec,
  metricCatalogue,
  prometheusName,
  secondsBounds,
  sizeBounds,
  labelsOf as valuesOfLabels,
} from "@rollcall/telemetry";
import type { Labels } from "./promql.ts";

/** What Prometheus knows of the process that it scrapes; `namespace` and `pod` on Kubernetes. */
export const targetLabels = ["namespace", "pod", "job", "instance"] as const;

/** `service.name` of each kind of process, and of the one that is all of them. */
const services = ["connection", "roster", "presence", "store"].map((kind) => `rollcall-${kind}`);

const target: Labels = new Map(targetLabels.map((label) => [label, undefined]));

/** Of any histogram; whole numbers have a fraction. */
const bounds = new Set(
  [...secondsBounds, ...longSecondsBounds, ...sizeBounds].map((bound) =>
    Number.isInteger(bound) ? bound.toFixed(1) : String(bound),
  ),
).add("+Inf");

/** Metrics that come with scraping and alerting. */
const others: Readonly<Record<string, Labels>> = {
  up: target,
  target_info: new Map([
    ...target,
    ["service_name", new Set(["rollcall", ...services])],
    ["service_version", undefined],
    ["service_instance_id", undefined],
  ]),
  ALERTS: new Map([
    ...target,
    ["alertname", undefined],
    ["alertstate", new Set(["pending", "firing"])],
    ["severity", new Set(["critical", "warning"])],
    ["service", undefined],
  ]),
};

/** By name, what processes and Prometheus itself export. */
export const exportedMetrics: ReadonlyMap<string, Labels> = new Map([
  ...Object.entries(others),
  ...metricCatalogue.flatMap(seriesOf),
]);

function seriesOf(spec: MetricSpec): [string, Labels][] {
  const name = prometheusName(spec);
  const labels = labelsOf(spec);
  if (spec.kind !== "histogram") return [[name, labels]];
  return [
    [`${name}_bucket`, new Map([...labels, ["le", bounds]])],
    [`${name}_sum`, labels],
    [`${name}_count`, labels],
  ];
}

/** A text instead of values says what they depend on. */
function labelsOf(spec: MetricSpec): Labels {
  const own = [...valuesOfLabels(spec)].map(([label, values]): [string, Set<string> | undefined] => [
    label,
    typeof values === "string" ? undefined : new Set(values),
  ]);
  return new Map([...target, ...own]);
}
