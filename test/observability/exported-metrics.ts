/** What a Prometheus that scrapes Rollcall has, with the labels of each metric. */
import { metricCatalogue, prometheusName } from "@rollcall/telemetry";
import type { Labels } from "./promql.ts";

/** What Prometheus knows of the process that it scrapes; `namespace` and `pod` on Kubernetes. */
export const targetLabels = ["namespace", "pod", "job", "instance"] as const;

/** `service.name` of each kind of process, and of the one that is all of them. */
const services = ["connection", "roster", "presence", "store"].map((kind) => `rollcall-${kind}`);

const target: Labels = new Map(targetLabels.map((label) => [label, undefined]));

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
    ["severity", undefined],
  ]),
};

/** By name, what processes and Prometheus itself export. */
export const exportedMetrics: ReadonlyMap<string, Labels> = new Map([
  ...Object.entries(others),
  ...metricCatalogue.map((spec): [string, Labels] => [prometheusName(spec), labelsOf(spec)]),
]);

function labelsOf({ from }: (typeof metricCatalogue)[number]): Labels {
  const labels = new Map<string, Set<string> | undefined>(targetLabels.map((label) => [label, undefined]));
  for (const fields of Object.values(from)) {
    for (const attributes of Object.values(fields)) {
      for (const [name, value] of Object.entries(attributes)) {
        const label = name.replaceAll(".", "_");
        labels.set(label, (labels.get(label) ?? new Set<string>()).add(value));
      }
    }
  }
  return labels;
}
