/** The ways in which Rollcall can be put together; each has to keep the same promises. */
import { startAllInOne } from "../chaos/all-in-one.ts";
import type { ChaosUser, ClusterUnderChaos } from "../chaos/cluster-under-chaos.ts";

export interface Composition {
  readonly name: string;
  /** Why it cannot run here; `false` where it can. */
  missing(): string | false;
  start(users: readonly ChaosUser[]): Promise<ClusterUnderChaos>;
}

export const compositions: readonly Composition[] = [
  { name: "one process", missing: () => false, start: startAllInOne },
];
