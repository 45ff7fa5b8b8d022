import { PARTITIONS } from "@rollcall/contracts";
import type { Ownership, OwnershipListener } from "./ownership.ts";

/** One process owns every partition, from the start until it releases them: the all-in-one server. */
export function createSoleOwnership(): Ownership {
  const listeners = new Set<OwnershipListener>();
  const epoch = 1;
  let owned = true;
  return {
    epochOf: (partition) => (owned && partition >= 0 && partition < PARTITIONS ? epoch : undefined),
    watch(listener) {
      listeners.add(listener);
      if (owned)
        for (let partition = 0; partition < PARTITIONS; partition += 1) listener.gained(partition, epoch);
      return () => listeners.delete(listener);
    },
    async release() {
      if (!owned) return;
      owned = false;
      const finishing: (void | Promise<void>)[] = [];
      for (const listener of listeners) {
        for (let partition = 0; partition < PARTITIONS; partition += 1)
          finishing.push(listener.lost(partition, true));
      }
      await Promise.all(finishing);
    },
  };
}
