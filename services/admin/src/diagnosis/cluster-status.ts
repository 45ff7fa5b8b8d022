import type { ClusterStatus, PartitionsRow, ProcessRow, ProcessStatus } from "@rollcall/contracts";
import type { Gathered } from "@rollcall/control";
import { clusterChecks } from "./cluster-checks.ts";

/** What the processes have said, before anything is made of it. */
export interface ClusterFacts {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly processes: readonly ProcessRow[];
  readonly missing: readonly string[];
  readonly partitions: readonly PartitionsRow[];
}

/** The cluster as its processes tell it, with what is wrong about it. Pure. */
export function clusterStatus(gathered: Gathered<ProcessStatus>, at: number): ClusterStatus {
  const processes = gathered.answers.map(({ process, outcome, roundTripMs, skewMs }): ProcessRow => {
    const row = { ...process, skewMs: Math.round(skewMs), skewErrorMs: Math.ceil(roundTripMs / 2) };
    if (outcome.kind === "answered") return { ...row, status: outcome.answer };
    const failure =
      outcome.kind === "failed" ? outcome.message : "is of a version that does not know the question";
    return { ...row, status: undefined, failure };
  });
  const facts: ClusterFacts = {
    at,
    processes,
    missing: gathered.missing,
    partitions: partitionRows(processes),
  };
  const checks = clusterChecks
    .filter(
      ({ applies }) => applies === undefined || processes.some(({ status }) => status && applies(status)),
    )
    .map(({ check, title, find }) => ({ check, title, findings: find(facts) }));
  const healthy = checks.every(({ findings }) => findings.every(({ severity }) => severity !== "error"));
  return { ...facts, healthy, checks };
}

/** What leases and instances say of the partitions; the leases as the first process has them that follows them. */
function partitionRows(processes: readonly ProcessRow[]): PartitionsRow[] {
  return (["roster-owner", "presence-owner"] as const).flatMap((service): PartitionsRow[] => {
    const owners = processes
      .flatMap(({ status }) => status?.owners ?? [])
      .find((each) => each.service === service);
    if (owners === undefined) return [];
    const instances: Record<string, { owns: number; serves?: number }> = {};
    for (const [id, owns] of Object.entries(owners.instances)) instances[id] = { owns };
    for (const { id, status } of processes) {
      const served = status?.serves?.find((each) => each.service === service);
      if (served === undefined) continue;
      instances[id] = { owns: instances[id]?.owns ?? 0, serves: served.partitions.length };
    }
    return [{ service, instances, without: owners.without }];
  });
}
