export { type Clock, systemClock } from "./clock.ts";
export { describeSettings, formatOrigin, type SettingDescription } from "./describe-settings.ts";
export { embeddedStoreSettings } from "./embedded-store-settings.ts";
export { Health, type HealthReason, type Phase } from "./health.ts";
export { createHttpServer, type HttpPlugin, type HttpServer, type HttpServerOptions } from "./http-server.ts";
export { createInstanceId, randomId, randomText } from "./ids.ts";
export {
  environmentName,
  formatSettingProblems,
  type InvalidSettings,
  type LoadedSettings,
  loadSettings,
  type SettingOrigin,
  type SettingProblem,
  type SettingsSource,
} from "./load-settings.ts";
export { type OtlpTarget, otlpSettings, otlpTarget } from "./otlp-settings.ts";
export { processSettings } from "./process-settings.ts";
export { type ProcessHost, type RunOptions, runServices } from "./run-services.ts";
export { type ServeMetricsOptions, serveMetrics } from "./serve-metrics.ts";
export type { Service } from "./service.ts";
export { SettingFault } from "./setting-fault.ts";
export { type ListenAddress, type Setting, type Settings, type SettingValues, setting } from "./settings.ts";
export { formatListen } from "./settings-text.ts";
export { createProcessTracer, type ProcessTracing, traceSettings, tracingService } from "./tracing.ts";
