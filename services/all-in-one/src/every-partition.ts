import { PARTITIONS } from "@rollcall/contracts";
import type { StatusParts } from "@rollcall/control";

/** The partitions of a process that owns all of both services, for its status. */
export function everyPartition(processId: string): Required<Pick<StatusParts, "serves" | "owners">> {
  const services = ["roster-owner", "presence-owner"] as const;
  const partitions = Array.from({ length: PARTITIONS }, (_, partition) => partition);
  return {
    serves: () => services.map((service) => ({ service, partitions })),
    owners: () =>
      services.map((service) => ({ service, instances: { [processId]: PARTITIONS }, without: [] })),
  };
}
