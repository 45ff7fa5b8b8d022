import { otlpSettings } from "./otlp-settings.ts";
import { setting } from "./settings.ts";
import { traceSettings } from "./tracing.ts";

/** Settings of every process, whatever services it runs. */
export const processSettings = {
  domains: setting.list({
    default: ["localhost"],
    doc: "Domains whose accounts live here; the first is the default one.",
  }),
  "data.dir": setting.string({
    default: "data",
    doc: "Directory for what this process keeps: embedded store, certificate, admin token.",
  }),
  "listen.http": setting.listen({
    default: { host: "127.0.0.1", port: 8080 },
    doc: "Address of the HTTP server for health, counters and the admin interface.",
  }),
  "auth.scram_iterations": setting.integer({
    default: 4096,
    min: 4096,
    max: 10_000_000,
    unit: "iterations",
    doc: "PBKDF2 iterations of SCRAM keys made from now on, and of those shown to unknown users (RFC 5802 and RFC 7677 demand 4096).",
  }),
  "drain.unready_ms": setting.integer({
    default: 0,
    min: 0,
    max: 600_000,
    unit: "ms",
    doc: "How long a process that is to stop says that it is not ready and serves as before, so that whoever sends clients to it can turn to others; then it drains.",
  }),
  "drain.budget_ms": setting.integer({
    default: 10_000,
    min: 0,
    max: 600_000,
    unit: "ms",
    doc: "How long a process that was told to stop may go on finishing what it has.",
  }),
  "log.level": setting.choice({
    default: "info",
    choices: ["debug", "info", "warn", "error", "silent"],
    doc: "The least important lines that are logged.",
  }),
  "log.format": setting.choice({
    default: "auto",
    choices: ["auto", "json", "text"],
    doc: "JSON lines, or text for people; auto is text on a terminal.",
  }),
  "log.jids": setting.choice({
    default: "plain",
    choices: ["plain", "hashed"],
    doc: "Whether log lines show JIDs, or stand-ins that keep only the domain.",
  }),
  "log.jids_key": setting.optionalString({
    secret: true,
    doc: "Key of the stand-ins; without one they change at every start.",
  }),
  ...otlpSettings,
  ...traceSettings,
} as const;
