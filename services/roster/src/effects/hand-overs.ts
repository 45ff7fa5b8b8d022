import type { Logger } from "@rollcall/telemetry";
import type { RosterCounters } from "../counters.ts";
import { isFenced } from "../refuse.ts";

export interface HandOversOptions {
  /** How many may be under way. */
  readonly limit: number;
  readonly logger: Logger;
  readonly counters: RosterCounters;
}

/** Work that goes on without a handler that waits for it. Bounded, and waited for at the end. */
export class HandOvers {
  readonly #options: HandOversOptions;
  readonly #underWay = new Set<Promise<void>>();

  constructor(options: HandOversOptions) {
    this.#options = options;
  }

  /** Whether no more should be started now. What has been promised already may still be. */
  get isFull(): boolean {
    return this.#underWay.size >= this.#options.limit;
  }

  /**
   * Follows work to its end. A failure is logged; nothing else depends on it. Where another process owns the account by
   * now, that one finds in the roster what is owed.
   */
  follow(work: Promise<void>): void {
    const { logger, counters } = this.#options;
    counters.handedOver++;
    const end = work.catch((error: unknown) => {
      if (isFenced(error)) return;
      counters.handOversFailed++;
      logger.warn({ event: "roster.hand-over-failed", error });
    });
    this.#underWay.add(end);
    counters.handOversUnderWay = this.#underWay.size;
    void end.then(() => {
      this.#underWay.delete(end);
      counters.handOversUnderWay = this.#underWay.size;
    });
  }

  /** Resolves when nothing is under way any more, what it started in turn included. */
  async settled(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
  }
}
