import { alone, type Fields, type MetricAttributes, type MetricSpec } from "./spec.ts";

const services = ["roster", "presence"] as const;

/** A metric of both services that own partitions. `kind` of area: `ownership` where they are owned, `owners` where it is watched. */
function ofBoth(
  area: "ownership" | "owners",
  kind: MetricSpec["kind"],
  name: string,
  unit: string,
  help: string,
  fields: Readonly<Record<string, MetricAttributes>>,
): MetricSpec {
  const from: Record<string, Fields> = {};
  for (const service of services) {
    from[`${area}-${service}`] = Object.fromEntries(
      Object.entries(fields).map(([field, attributes]) => [field, { service, ...attributes }]),
    );
  }
  return { name: `rollcall.ownership.${name}`, kind, unit, help, from, own: {} };
}

export const ownershipMetrics: readonly MetricSpec[] = [
  ofBoth("ownership", "gauge", "partitions", "{partition}", "Partitions that this process owns.", {
    partitions: alone,
  }),
  ofBoth("ownership", "counter", "moves", "{partition}", "Partitions that came and went.", {
    won: { change: "won" },
    handedOver: { change: "handed_over" },
    lost: { change: "lost" },
  }),
  ofBoth(
    "ownership",
    "counter",
    "conflicts",
    "{write}",
    "Writes of leases that somebody else was ahead of.",
    {
      conflicts: alone,
    },
  ),
  ofBoth(
    "ownership",
    "gauge",
    "lease_left",
    "s",
    "How long this process acts for its partitions unless it renews its lease; 0 where it has none.",
    { leaseLeft: alone },
  ),
  ofBoth("ownership", "histogram", "preparation.duration", "s", "From winning a partition to serving it.", {
    preparationSeconds: alone,
  }),
  ofBoth("owners", "gauge", "instances", "{instance}", "Instances of the service, as this process sees it.", {
    instances: alone,
  }),
  ofBoth(
    "owners",
    "gauge",
    "unowned",
    "{partition}",
    "Partitions that nobody owns, as this process sees it.",
    {
      unowned: alone,
    },
  ),
];
