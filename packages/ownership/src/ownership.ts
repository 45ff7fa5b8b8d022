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
   */
  lost(partition: number): void | Promise<void>;
}
