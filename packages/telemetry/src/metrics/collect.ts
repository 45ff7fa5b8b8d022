import type { CounterRegistry, Measured } from "../counters.ts";
import { type MetricAttributes, type MetricSpec, metricCatalogue } from "./catalogue.ts";
import { Counts } from "./counts.ts";
import { Histogram } from "./histogram.ts";

/** One sample of a metric. */
export interface Point {
  readonly attributes: MetricAttributes;
  readonly value: number | Histogram;
}

/** A metric as it is now. Histograms in it are no copies. */
export interface Family {
  readonly spec: MetricSpec;
  readonly points: readonly Point[];
}

/** The counters that a metric is made of, as `area.field`. */
export function fieldsOf({ from }: MetricSpec): string[] {
  return Object.entries(from).flatMap(([area, fields]) =>
    Object.keys(fields).map((field) => `${area}.${field}`),
  );
}

/** Every metric of the catalogue whose counters the registry has, in the order of the catalogue. */
export function collect(registry: CounterRegistry): Family[] {
  const measured = registry.measured();
  const families: Family[] = [];
  for (const spec of metricCatalogue) {
    const points: Point[] = [];
    for (const [area, fields] of Object.entries(spec.from)) {
      const numbers = measured[area];
      if (numbers === undefined) continue;
      for (const [field, attributes] of Object.entries(fields)) {
        const value = numbers[field];
        if (value !== undefined) addPoints(points, attributes, value);
      }
    }
    if (points.length > 0) families.push({ spec, points });
  }
  return families;
}

function addPoints(points: Point[], attributes: MetricAttributes, measured: Measured): void {
  if (typeof measured === "number" || measured instanceof Histogram) {
    points.push({ attributes, value: measured });
  } else if (measured instanceof Counts) {
    for (const [i, own] of measured.series.entries())
      points.push({ attributes: { ...attributes, ...own }, value: measured.values[i] as number });
  } else {
    for (const { attributes: own, histogram } of measured.members())
      points.push({ attributes: { ...attributes, ...own }, value: histogram });
  }
}
