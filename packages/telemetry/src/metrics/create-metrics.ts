import type { CounterRegistry } from "../counters.ts";
import { metricCatalogue } from "./catalogue.ts";
import { collect, fieldsOf } from "./collect.ts";
import { watchProcess } from "./process-numbers.ts";
import { contentTypes, formatFor, formatMetrics } from "./prometheus-text.ts";
import { type MetricsPush, type PushCounters, PushMetrics } from "./push-metrics.ts";

export interface MetricsOptions {
  /** Its numbers, and those of the process, which are added as areas `process` and `otlp`. */
  readonly registry: CounterRegistry;
  /** `service.name`: `rollcall-connection` and the like. */
  readonly service: string;
  readonly version: string | undefined;
  /** `service.instance.id`: the name of the process on the bus. */
  readonly instanceId: string;
  /** Where they are sent as well; without it nothing is sent anywhere. */
  readonly push?: MetricsPush | undefined;
}

export interface MetricsText {
  readonly contentType: string;
  readonly text: string;
}

export interface Metrics {
  /** Reads all numbers as text, in the format that an Accept header asks for: Prometheus' own, or OpenMetrics. */
  read(accept?: string): MetricsText;
  /** Counters that no metric shows, as `area.field`: there should be none. */
  unlisted(): readonly string[];
  /** Sends what is to be sent for the last time. */
  stop(): Promise<void>;
}

/** The metrics of a process, made of its counters when somebody reads them. */
export function createMetrics({ registry, service, version, instanceId, push }: MetricsOptions): Metrics {
  const processNumbers = watchProcess();
  const pushCounters: PushCounters = { metricsSent: 0, metricsFailed: 0 };
  const removals = [registry.add("process", () => processNumbers.read()), registry.add("otlp", pushCounters)];
  const resource = {
    "service.name": service,
    ...(version === undefined ? {} : { "service.version": version }),
    "service.instance.id": instanceId,
  };
  const pushing = push && new PushMetrics(push, resource, pushCounters, () => collect(registry));
  return {
    read(accept) {
      const format = formatFor(accept);
      return {
        contentType: contentTypes[format],
        text: formatMetrics(collect(registry), resource, format),
      };
    },
    unlisted: () => {
      const listed = new Set(metricCatalogue.flatMap(fieldsOf));
      return Object.entries(registry.measured()).flatMap(([area, numbers]) =>
        Object.keys(numbers)
          .map((field) => `${area}.${field}`)
          .filter((name) => !listed.has(name)),
      );
    },
    async stop() {
      await pushing?.stop();
      for (const remove of removals) remove();
      processNumbers.stop();
    },
  };
}
