/** What the processes of a cluster tell operators of their parts. */
import type { NatsBus } from "@rollcall/bus";
import { type OwnerAddress, PARTITIONS, type ProcessStatus, subjects } from "@rollcall/contracts";
import type { NatsService } from "@rollcall/nats";
import { bucketReplicas, type OwnerMap, type Ownership } from "@rollcall/ownership";

/** What waits for others on the bus. */
export function busStatus(bus: NatsBus | undefined): NonNullable<ProcessStatus["bus"]> {
  return { waiting: bus?.waiting ?? 0, oldestMs: bus?.oldestMs ?? 0 };
}

type Owners = NonNullable<ProcessStatus["owners"]>[number];

/** Shorter than what a status waits for its parts. */
const JETSTREAM_MS = 800;

/** The partitions that an instance serves now. */
export function servedPartitions(
  service: OwnerAddress,
  prepared: Pick<Ownership, "epochOf">,
): NonNullable<ProcessStatus["serves"]> {
  const partitions: number[] = [];
  for (let partition = 0; partition < PARTITIONS; partition += 1) {
    if (prepared.epochOf(partition) !== undefined) partitions.push(partition);
  }
  return [{ service, partitions }];
}

/** Who owns the partitions of a service, as a map of the leases has it. */
export function ownersOf(service: OwnerAddress, map: Pick<OwnerMap, "ownerOf" | "members">): Owners {
  const instances: Record<string, number> = Object.fromEntries(map.members().map((id) => [id, 0]));
  const without: number[] = [];
  for (let partition = 0; partition < PARTITIONS; partition += 1) {
    const owner = map.ownerOf(partition);
    if (owner === undefined) without.push(partition);
    else instances[owner.instanceId] = (instances[owner.instanceId] ?? 0) + 1;
  }
  return { service, instances, without };
}

/**
 * The connection to NATS.
 * @param replicas that the buckets should have; `undefined` where another process looks at them.
 */
export async function natsStatus(
  nats: NatsService,
  replicas: number | undefined,
): Promise<NonNullable<ProcessStatus["nats"]>> {
  const connected = nats.isConnected();
  if (!connected) return { connected };
  const { connection } = nats;
  const base = { connected, server: connection.getServer(), version: connection.info?.version };
  if (replicas === undefined) return base;
  const names = [
    subjects.leaseBucket("roster-owner"),
    subjects.leaseBucket("presence-owner"),
    subjects.sessionBucket,
  ];
  const buckets = await bucketReplicas(connection, names, JETSTREAM_MS);
  return { ...base, buckets: buckets.map((bucket) => ({ ...bucket, wanted: replicas })) };
}
