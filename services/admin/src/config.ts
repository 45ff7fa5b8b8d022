import { processSettings, setting } from "@rollcall/runtime";

export const adminSettings = {
  domains: processSettings.domains,
  "admin.token": setting.optionalString({
    secret: true,
    doc: "What operators show as bearer token, at least 16 characters; without one the server makes one up and keeps it in admin-token below data.dir.",
  }),
  "admin.import_concurrency": setting.integer({
    default: 16,
    min: 1,
    max: 256,
    unit: "lines",
    doc: "Lines of an import that are worked on at the same time.",
  }),
  "admin.import_line_bytes": setting.integer({
    default: 4 * 1024 * 1024,
    min: 1024,
    max: 64 * 1024 * 1024,
    unit: "bytes",
    doc: "Longest line of an import; a longer one is reported as bad and skipped.",
  }),
  "auth.scram_iterations": processSettings["auth.scram_iterations"],
} as const;
