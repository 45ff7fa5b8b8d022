import { PrometheusExporter, PrometheusSerializer } from "@opentelemetry/exporter-prometheus";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { MeterProvider } from "@opentelemetry/sdk-metrics";
import type { CounterRegistry } from "../counters.ts";
import { type MetricSpec, metricCatalogue } from "./catalogue.ts";
import { watchProcess } from "./process-numbers.ts";

export interface MetricsOptions {
  /** Its numbers, and those of the process, which are added as area `process`. */
  readonly registry: CounterRegistry;
  /** `service.name`: `rollcall-connection` and the like. */
  readonly service: string;
  readonly version: string | undefined;
  /** `service.instance.id`: the name of the process on the bus. */
  readonly instanceId: string;
}

export interface Metrics {
  /** Content type of `read`. */
  readonly contentType: string;
  /** Reads all numbers, in the text format of Prometheus. */
  read(): Promise<string>;
  /** Counters that no metric shows, as `area.field`: there should be none. */
  unlisted(): readonly string[];
  stop(): Promise<void>;
}

/** The metrics of a process, made of its counters when somebody reads them. Nothing is sent anywhere. */
export function createMetrics({ registry, service, version, instanceId }: MetricsOptions): Metrics {
  const processNumbers = watchProcess();
  const remove = registry.add("process", () => processNumbers.read());
  // Its own server is not started: a process has one HTTP server.
  const exporter = new PrometheusExporter({ preventServerStart: true });
  const provider = new MeterProvider({
    resource: resourceFromAttributes({
      "service.name": service,
      ...(version === undefined ? {} : { "service.version": version }),
      "service.instance.id": instanceId,
    }),
    readers: [exporter],
  });
  observe(provider, registry);
  const serializer = new PrometheusSerializer(undefined, false, undefined, false, true);
  return {
    contentType: "text/plain; version=0.0.4; charset=utf-8",
    async read() {
      const { resourceMetrics } = await exporter.collect();
      return serializer.serialize(resourceMetrics);
    },
    unlisted: () => {
      const listed = new Set(metricCatalogue.flatMap(fieldsOf));
      return Object.entries(registry.read()).flatMap(([area, numbers]) =>
        Object.keys(numbers)
          .map((field) => `${area}.${field}`)
          .filter((name) => !listed.has(name)),
      );
    },
    async stop() {
      remove();
      processNumbers.stop();
      await provider.shutdown();
    },
  };
}

/** The counters that a metric is made of, as `area.field`. */
export function fieldsOf({ from }: MetricSpec): string[] {
  return Object.entries(from).flatMap(([area, fields]) =>
    Object.keys(fields).map((field) => `${area}.${field}`),
  );
}

/** All in one callback, so that the counters are read once, and a metric whose area this process lacks is not there. */
function observe(provider: MeterProvider, registry: CounterRegistry): void {
  const meter = provider.getMeter("rollcall");
  const instruments = metricCatalogue.map((spec) => {
    const options = { unit: spec.unit, description: spec.help };
    const instrument =
      spec.kind === "counter"
        ? meter.createObservableCounter(spec.name, options)
        : meter.createObservableGauge(spec.name, options);
    return { spec, instrument };
  });
  meter.addBatchObservableCallback(
    (result) => {
      const numbers = registry.read();
      for (const { spec, instrument } of instruments) {
        for (const [area, fields] of Object.entries(spec.from)) {
          for (const [field, attributes] of Object.entries(fields)) {
            const value = numbers[area]?.[field];
            if (value !== undefined) result.observe(instrument, value, attributes);
          }
        }
      }
    },
    instruments.map(({ instrument }) => instrument),
  );
}
