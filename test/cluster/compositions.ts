/** The ways in which Rollcall can be put together; each has to keep the same promises. */
import { needs } from "@rollcall/testkit";
import { startAllInOne } from "../chaos/all-in-one.ts";
import type { ChaosUser, ClusterUnderChaos } from "../chaos/cluster-under-chaos.ts";
import { startLocalCluster } from "../chaos/local-cluster.ts";

export interface Composition {
  readonly name: string;
  /** Why it cannot run here; `false` where it can. */
  missing(): string | false;
  start(users: readonly ChaosUser[]): Promise<ClusterUnderChaos>;
}

export const compositions: readonly Composition[] = [
  { name: "one process", missing: () => false, start: startAllInOne },
  { name: "a cluster", missing: () => needs("nats-server").skip, start: startLocalCluster },
];
