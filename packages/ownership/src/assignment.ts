/**
 * Rendezvous hashing: who should own a partition, as every instance works it out by itself from the same members.
 * When a member comes or goes, only partitions that it gains or had move.
 */

const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/** The instance that should own the partition, or `undefined` where there is none. Pure; the order of `instances` is no matter. */
export function assignedTo(partition: number, instances: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestWeight = -1;
  for (const instance of instances) {
    const weight = weightOf(partition, instance);
    if (
      best === undefined ||
      weight > bestWeight ||
      // Two names with one weight: every instance has to pick the same.
      (weight === bestWeight && instance < best)
    ) {
      best = instance;
      bestWeight = weight;
    }
  }
  return best;
}

/** FNV-1a (32 bit) over the name and the partition, then mixed, since FNV leaves names that differ late alike. */
function weightOf(partition: number, instance: string): number {
  let hash = FNV_OFFSET;
  for (let i = 0; i < instance.length; i += 1) {
    hash = Math.imul(hash ^ instance.charCodeAt(i), FNV_PRIME);
  }
  hash = Math.imul(hash ^ partition, FNV_PRIME);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
