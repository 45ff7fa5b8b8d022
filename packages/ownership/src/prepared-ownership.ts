import { Histogram, type Logger, longSecondsBounds } from "@rollcall/telemetry";
import type { Ownership, OwnershipListener } from "./ownership.ts";

/** What a service has to do before it can serve a partition, and after it has lost one. */
export interface Preparation {
  /** Resolves when the partition can be served. Called in a burst for partitions won together; must not reject. */
  gained(partition: number, epoch: number): Promise<void>;
  /** Its work is finished, or was never begun. Also while `gained` is under way. */
  lost(partition: number): void;
}

/** Ownership that others see of a partition only when it is prepared. */
export interface PreparedOwnership extends Ownership {
  /** To be called once; partitions wait for it. */
  prepareWith(preparation: Preparation): void;
  /** From winning a partition to serving it; what was lost meanwhile is not in it. */
  readonly preparationSeconds: Histogram;
  /** What is not prepared yet; empty when everything is. */
  notReady(): readonly string[];
}

export function createPreparedOwnership(options: {
  readonly ownership: Ownership;
  readonly logger: Logger;
}): PreparedOwnership {
  return new PreparedPartitions(options.ownership, options.logger);
}

class PreparedPartitions implements PreparedOwnership {
  readonly preparationSeconds = new Histogram(longSecondsBounds);
  readonly #ownership: Ownership;
  readonly #logger: Logger;
  readonly #listeners = new Set<OwnershipListener>();
  /** Epoch under which a partition is being prepared, or was. */
  readonly #preparing = new Map<number, number>();
  readonly #prepared = new Map<number, number>();
  /** Partitions whose preparation was called, and that were not lost since. */
  readonly #begun = new Set<number>();
  /** Work for a lost partition that is not finished; it is not prepared anew before. */
  readonly #finishing = new Map<number, Promise<void>>();
  #preparation: Preparation | undefined;

  constructor(ownership: Ownership, logger: Logger) {
    this.#ownership = ownership;
    this.#logger = logger;
  }

  prepareWith(preparation: Preparation): void {
    if (this.#preparation !== undefined) throw new TypeError("there is a preparation already");
    this.#preparation = preparation;
    this.#ownership.watch({
      gained: (partition, epoch) => void this.#prepare(preparation, partition, epoch),
      lost: (partition, isHandOver) => this.#lost(preparation, partition, isHandOver),
    });
  }

  epochOf(partition: number): number | undefined {
    const epoch = this.#prepared.get(partition);
    // The lease may have run out since, or be in doubt.
    return epoch !== undefined && this.#ownership.epochOf(partition) === epoch ? epoch : undefined;
  }

  watch(listener: OwnershipListener): () => void {
    this.#listeners.add(listener);
    for (const [partition, epoch] of this.#prepared) listener.gained(partition, epoch);
    return () => this.#listeners.delete(listener);
  }

  release(): Promise<void> {
    return this.#ownership.release();
  }

  notReady(): readonly string[] {
    if (this.#preparation === undefined) return ["partitions are not prepared yet"];
    const open = this.#preparing.size;
    return open === 0 ? [] : [`${open} partitions are being prepared`];
  }

  async #prepare(preparation: Preparation, partition: number, epoch: number): Promise<void> {
    const wonAt = performance.now();
    this.#preparing.set(partition, epoch);
    const isMine = (): boolean => this.#preparing.get(partition) === epoch;
    const finishing = this.#finishing.get(partition);
    if (finishing !== undefined) {
      await finishing;
      if (!isMine()) return;
    }
    this.#begun.add(partition);
    try {
      await preparation.gained(partition, epoch);
    } catch (error) {
      this.#logger.error({ event: "ownership.not-prepared", partition, error });
    }
    // Lost meanwhile, or won anew under another epoch.
    if (!isMine()) return;
    this.#preparing.delete(partition);
    this.#prepared.set(partition, epoch);
    this.preparationSeconds.record((performance.now() - wonAt) / 1_000);
    for (const listener of this.#listeners) this.#guard(() => listener.gained(partition, epoch));
  }

  #lost(preparation: Preparation, partition: number, isHandOver: boolean): Promise<void> | undefined {
    this.#preparing.delete(partition);
    if (!this.#begun.delete(partition)) return this.#finishing.get(partition);
    if (!this.#prepared.delete(partition)) {
      this.#guard(() => preparation.lost(partition));
      return undefined;
    }
    const work: (void | Promise<void>)[] = [];
    for (const listener of this.#listeners)
      this.#guard(() => work.push(listener.lost(partition, isHandOver)));
    const finished = Promise.allSettled(work).then(() => {
      this.#finishing.delete(partition);
      this.#guard(() => preparation.lost(partition));
    });
    this.#finishing.set(partition, finished);
    return finished;
  }

  /** Whoever throws must not keep others from being told. */
  #guard(call: () => void): void {
    try {
      call();
    } catch (error) {
      this.#logger.error({ event: "ownership.listener-failed", error });
    }
  }
}
