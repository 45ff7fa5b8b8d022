/**
 * Every metric, with the counters that it is made of, by area in `catalogue/`.
 *
 * Owners of numbers count with `field++`; here stands what the fields are called outside. A counter without an entry
 * fails the tests of the processes, and an entry without a counter as well. Names follow OpenTelemetry: Prometheus shows
 * `rollcall.stream.logins` as `rollcall_stream_logins_total`, and what is measured in `s` or `By` ends with the unit.
 */
import { adminMetrics } from "./catalogue/admin.ts";
import { busMetrics } from "./catalogue/bus.ts";
import { connectionMetrics } from "./catalogue/connection.ts";
import { ownershipMetrics } from "./catalogue/ownership.ts";
import { presenceMetrics } from "./catalogue/presence.ts";
import { processMetrics } from "./catalogue/process.ts";
import { riakMetrics } from "./catalogue/riak.ts";
import { rosterMetrics } from "./catalogue/roster.ts";
import type { MetricSpec } from "./catalogue/spec.ts";

export type { MetricAttributes, MetricSpec } from "./catalogue/spec.ts";

export const metricCatalogue: readonly MetricSpec[] = [
  ...connectionMetrics,
  ...presenceMetrics,
  ...rosterMetrics,
  ...busMetrics,
  ...ownershipMetrics,
  ...riakMetrics,
  ...adminMetrics,
  ...processMetrics,
];
