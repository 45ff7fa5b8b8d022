/** Everything that a query may read: what processes export, and what recording rules make of it. */
import { exportedMetrics } from "./exported-metrics.ts";
import { recordings } from "./observability-files.ts";
import { checkPromql, type Labels } from "./promql.ts";

/** Rules are evaluated from top to bottom: each may read those before it. */
const recorded = new Map<string, Labels>();
for (const { record, expr, labels = {} } of recordings) {
  const added = Object.entries(labels).map(([name, value]): [string, Set<string>] => [
    name,
    new Set([value]),
  ]);
  recorded.set(record, new Map([...checkPromql(expr, labelsOf).labels, ...added]));
}

/** The labels of a metric; `undefined` where there is none of this name. */
export function labelsOf(metric: string): Labels | undefined {
  return recorded.get(metric) ?? exportedMetrics.get(metric);
}
