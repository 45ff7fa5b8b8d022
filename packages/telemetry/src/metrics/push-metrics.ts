import { ValueType } from "@opentelemetry/api";
import { type ExportResult, ExportResultCode, millisToHrTime } from "@opentelemetry/core";
import { OTLPMetricExporter } from "@opentelemetry/exporter-metrics-otlp-proto";
import { resourceFromAttributes } from "@opentelemetry/resources";
import {
  AggregationTemporality,
  DataPointType,
  MeterProvider,
  type MetricData,
  type MetricProducer,
  type DataPoint as OtelPoint,
  PeriodicExportingMetricReader,
  type PushMetricExporter,
  type ResourceMetrics,
} from "@opentelemetry/sdk-metrics";
import type { Logger } from "../logger.ts";
import type { MetricAttributes } from "./catalogue.ts";
import type { Family } from "./collect.ts";
import { Histogram } from "./histogram.ts";

/** Where metrics are sent, and how often. */
export interface MetricsPush {
  /** The whole URL, as http://collector:4318/v1/metrics. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly seconds: number;
  readonly logger: Logger;
}

/** For the area `otlp`. */
export interface PushCounters {
  metricsSent: number;
  metricsFailed: number;
}

/** Less than a service may take to stop. */
const LONGEST_EXPORT_MS = 4_000;

/**
 * Sends the metrics as OTLP until `stop`, which sends them once more. A sending that fails is logged and counted; the next one
 * has everything again, since all counters are those since the start.
 */
export class PushMetrics {
  readonly #provider: MeterProvider;

  constructor(
    { url, headers, seconds, logger }: MetricsPush,
    resource: MetricAttributes,
    counters: PushCounters,
    read: () => readonly Family[],
  ) {
    const intervalMs = seconds * 1_000;
    const timeoutMs = Math.min(intervalMs, LONGEST_EXPORT_MS);
    const startedAt = Date.now();
    const { host } = new URL(url);
    const producer: MetricProducer = {
      collect: async () => ({ resourceMetrics: resourceMetrics(read(), startedAt, Date.now()), errors: [] }),
    };
    const exporter = new OTLPMetricExporter({ url, headers: { ...headers }, timeoutMillis: timeoutMs });
    this.#provider = new MeterProvider({
      resource: resourceFromAttributes(resource),
      readers: [
        new PeriodicExportingMetricReader({
          exporter: reporting(exporter, (error) => {
            if (error === undefined) {
              counters.metricsSent++;
              return;
            }
            counters.metricsFailed++;
            logger.warn({ event: "otlp.metrics-not-sent", host, error });
          }),
          exportIntervalMillis: intervalMs,
          exportTimeoutMillis: timeoutMs,
          metricProducers: [producer],
        }),
      ],
    });
  }

  stop(): Promise<void> {
    return this.#provider.shutdown();
  }
}

/** Tells of each export. The reader hears of none: all it does with an error is to print it. */
function reporting(
  exporter: OTLPMetricExporter,
  ended: (error: Error | undefined) => void,
): PushMetricExporter {
  return {
    export(metrics: ResourceMetrics, callback: (result: ExportResult) => void) {
      exporter.export(metrics, ({ code, error }) => {
        ended(code === ExportResultCode.SUCCESS ? undefined : (error ?? new Error("the collector refused")));
        callback({ code: ExportResultCode.SUCCESS });
      });
    },
    forceFlush: () => exporter.forceFlush(),
    selectAggregationTemporality: () => AggregationTemporality.CUMULATIVE,
    shutdown: () => exporter.shutdown(),
  };
}

/** Times are milliseconds since the epoch. The resource is that of the provider, whatever stands here. */
function resourceMetrics(families: readonly Family[], startedAt: number, now: number): ResourceMetrics {
  return {
    resource: resourceFromAttributes({}),
    scopeMetrics: [
      { scope: { name: "rollcall" }, metrics: families.map((family) => metricData(family, startedAt, now)) },
    ],
  };
}

/** The OTLP exporter sends no exemplars. */
export function metricData({ spec, points }: Family, startedAt: number, now: number): MetricData {
  const startTime = millisToHrTime(startedAt);
  const endTime = millisToHrTime(now);
  const common = {
    descriptor: {
      name: spec.name,
      description: spec.help,
      unit: spec.unit,
      valueType: ValueType.DOUBLE,
    },
    aggregationTemporality: AggregationTemporality.CUMULATIVE,
  };
  const numbers: OtelPoint<number>[] = [];
  const histograms: Extract<MetricData, { dataPointType: DataPointType.HISTOGRAM }>["dataPoints"] = [];
  for (const { attributes, value } of points) {
    if (!(value instanceof Histogram)) {
      numbers.push({ startTime, endTime, attributes, value });
      continue;
    }
    const { bounds, counts, sum, count } = value;
    const buckets = { boundaries: [...bounds], counts: [...counts] };
    histograms.push({ startTime, endTime, attributes, value: { buckets, sum, count } });
  }
  switch (spec.kind) {
    case "counter":
      return { ...common, dataPointType: DataPointType.SUM, isMonotonic: true, dataPoints: numbers };
    case "gauge":
      return { ...common, dataPointType: DataPointType.GAUGE, dataPoints: numbers };
    case "histogram":
      return { ...common, dataPointType: DataPointType.HISTOGRAM, dataPoints: histograms };
  }
}
