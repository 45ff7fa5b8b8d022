import { alone, by, counter, type MetricSpec } from "./spec.ts";

export const adminMetrics: readonly MetricSpec[] = [
  counter("admin", "admin.requests", "{request}", "Requests to the admin interface.", { requests: alone }),
  counter("admin", "admin.requests_unauthorised", "{request}", "Of these: those without the token.", {
    unauthorisedRequests: alone,
  }),
  counter("admin", "admin.account_changes", "{account}", "What operators did with accounts.", {
    ...by("change", {
      usersCreated: "created",
      usersRemoved: "removed",
      passwordsChanged: "password_changed",
    }),
  }),
  counter("admin", "admin.import_lines", "{line}", "Lines of imports.", {
    ...by("outcome", { importedLines: "imported", badLines: "bad" }),
  }),
];
