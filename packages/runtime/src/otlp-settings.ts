import { SettingFault } from "./setting-fault.ts";
import { type SettingValues, setting } from "./settings.ts";

/** Settings of what a process sends to an OpenTelemetry collector. */
export const otlpSettings = {
  "otlp.endpoint": setting.optionalString({
    doc: "URL of an OpenTelemetry collector that takes OTLP over HTTP, as http://collector:4318; traces go to /v1/traces below it and metrics to /v1/metrics. Without one nothing is sent.",
  }),
  "otlp.headers": setting.optionalString({
    secret: true,
    doc: "HTTP headers for the collector, as name=value with commas between; values are percent-encoded.",
  }),
  "metrics.push_seconds": setting.integer({
    default: 60,
    min: 1,
    max: 3_600,
    unit: "s",
    doc: "How often metrics are sent to otlp.endpoint.",
  }),
} as const;

/** Where OTLP goes. */
export interface OtlpTarget {
  readonly tracesUrl: string;
  readonly metricsUrl: string;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * What the settings say of the collector; `undefined` where there is none.
 * @throws {SettingFault} which never tells a header.
 */
export function otlpTarget(
  settings: Pick<SettingValues<typeof otlpSettings>, "otlp.endpoint" | "otlp.headers">,
): OtlpTarget | undefined {
  const endpoint = settings["otlp.endpoint"];
  const headers = parseHeaders(settings["otlp.headers"] ?? "");
  if (endpoint === undefined) return undefined;
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new SettingFault("otlp.endpoint must be a URL like http://collector:4318");
  }
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "") {
    throw new SettingFault(
      "otlp.endpoint must have no user, query or fragment; credentials belong into otlp.headers",
    );
  }
  const base = `${url.origin}${url.pathname.replace(/\/+$/, "")}`;
  return { tracesUrl: `${base}/v1/traces`, metricsUrl: `${base}/v1/metrics`, headers };
}

/** The form of OTEL_EXPORTER_OTLP_HEADERS: W3C Baggage without properties. */
function parseHeaders(text: string): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const pair of text.split(",")) {
    if (pair.trim() === "") continue;
    const [, name, value] = /^\s*([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*=(.*)$/s.exec(pair) ?? [];
    const decoded = value === undefined ? undefined : decodePercent(value.trim());
    if (name === undefined || decoded === undefined || !/^[\x20-\x7e]*$/.test(decoded)) {
      throw new SettingFault("otlp.headers must be a list like authorization=Bearer%20abc,x-tenant=one");
    }
    headers[name.toLowerCase()] = decoded;
  }
  return headers;
}

function decodePercent(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
