import { Counts, createMetrics, type Logger, type MetricsOptions, processPhases } from "@rollcall/telemetry";
import type { Health } from "./health.ts";
import type { HttpServer } from "./http-server.ts";
import { type otlpSettings, otlpTarget } from "./otlp-settings.ts";
import type { SettingValues } from "./settings.ts";

export interface ServeMetricsOptions extends Omit<MetricsOptions, "push"> {
  readonly settings: SettingValues<typeof otlpSettings>;
  /** Shown as area `health`. */
  readonly health: Health;
  readonly logger: Logger;
}

/**
 * Serves the metrics of the process at `/metrics`, for as long as the server runs, and sends them to `otlp.endpoint`. To be
 * called before the server starts. A start with `otlp` settings that cannot be used fails with a `SettingFault`.
 */
export function serveMetrics(http: Pick<HttpServer, "register">, options: ServeMetricsOptions): void {
  const { settings, health, logger, ...measured } = options;
  options.registry.add("health", () => healthNumbers(health));
  http.register((scope) => {
    const target = otlpTarget(settings);
    const metrics = createMetrics({
      ...measured,
      push: target && {
        url: target.metricsUrl,
        headers: target.headers,
        seconds: settings["metrics.push_seconds"],
        logger,
      },
    });
    scope.addHook("onClose", () => metrics.stop());
    scope.get("/metrics", (request, reply) => {
      const { contentType, text } = metrics.read(request.headers.accept);
      return reply.type(contentType).send(text);
    });
  });
}

function healthNumbers(health: Health): object {
  const phase = Counts.of("phase", processPhases);
  phase.add(processPhases.indexOf(health.phase));
  return { phase, ready: health.notReady().length === 0 ? 1 : 0, draining: health.drainingMs / 1_000 };
}
