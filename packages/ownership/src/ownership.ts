/**
 * Which partitions of a service this process owns.
 *
 * At most one process acts for a partition with a given epoch; a higher epoch makes a lower one void.
 */
export interface Ownership {
  /** The epoch under which this process owns the partition, or `undefined` when it does not. */
  epochOf(partition: number): number | undefined;
  /** Calls back for every partition won or lost, and at once for those already owned. Returns how to stop. */
  watch(listener: OwnershipListener): () => void;
  /** Hands every partition over and takes no new ones. */
  release(): Promise<void>;
}

export interface OwnershipListener {
  gained(partition: number, epoch: number): void;
  /**
   * The partition is not this process's any more. A promise says when work under way for it is finished: a hand-over
   * waits for it, within bounds; where the partition is lost already nothing can wait. It must not reject.
   *
   * @param isHandOver whether the partition is still this process's until then, or another's already.
   */
  lost(partition: number, isHandOver: boolean): void | Promise<void>;
}

/** Who owns a partition, under which epoch. */
export interface Owner {
  readonly instanceId: string;
  readonly epoch: number;
}

/** The owners of a service's partitions as this process has seen them: for whoever sends to owners. */
export interface OwnerMap {
  /** `undefined` while nobody owns it, and before the map has been read. */
  ownerOf(partition: number): Owner | undefined;
  /** The last revision of the leases seen here; with it an owner says how much it knew. */
  readonly revision: number;
  /** Whether everything that was there when it began to look has been seen. */
  readonly isCurrent: boolean;
  /** The instances of the service that are there. */
  members(): readonly string[];
  /** Calls back with each partition whose owner changed, after it has. Returns how to stop. */
  onChange(listener: (partition: number) => void): () => void;
  /** Somebody proved to be the owner before the leases said so here. Ignored unless its epoch is higher than the known one. */
  note(partition: number, owner: Owner): void;
}

/**
 * Whether a process that acted for a partition, when it had seen the leases up to `asOf`, has another one after it:
 * what it says is void.
 */
export function isSuperseded(map: OwnerMap, partition: number, instanceId: string, asOf: number): boolean {
  const owner = map.ownerOf(partition);
  return owner !== undefined && owner.instanceId !== instanceId && owner.epoch > asOf;
}
