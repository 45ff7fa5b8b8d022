import type { Outcome } from "@rollcall/bus";

export interface AbsenceOptions {
  /** Whether the connection to the bus is there. */
  readonly connected: () => boolean;
  /** When others last heard this node for sure, in the time of `monotonic`. Default: whenever it is connected. */
  readonly heardAt?: (() => number) | undefined;
  /** Asks the owners what is left of the sessions. To be repeated by whoever is asked, until there is an answer; does not fail. */
  readonly askOwners: () => Promise<void>;
  /** Milliseconds of a clock that nobody sets. */
  readonly monotonic?: (() => number) | undefined;
}

/**
 * An owner takes a node for dead that it has not heard for 5 s. The last beat may be a second older than the standstill,
 * and to ask once too often costs next to nothing.
 */
const ABSENT_MS = 3_500;
/** Beats go out, and come back, once a second. */
const UNHEARD_MS = 2_000;
/** The first retries are for owners that answer at once; the bus gives a message up after 40. */
const SOON_MS = 50;
const LATER_MS = 500;
const SOON_UNTIL_MS = 1_000;

/**
 * Whether this node was away for so long (its event loop stood still, or NATS was not there) that owners may have ended
 * its sessions. Until they have said which ones are left nothing may be told to a client, and nothing in its name.
 */
export class Absence {
  readonly #options: AbsenceOptions;
  readonly #monotonic: () => number;
  #lookedAt: number;
  #cutOffSince: number | undefined = undefined;
  #doubtfulSince: number | undefined = undefined;
  /** Grows with every absence. */
  #absences = 0;
  #onSettled: (() => void)[] = [];
  #isStopped = false;

  constructor(options: AbsenceOptions) {
    this.#options = options;
    this.#monotonic = options.monotonic ?? (() => performance.now());
    this.#lookedAt = this.#monotonic();
  }

  /**
   * To be asked before anything is done for a session: after a standstill the first to get its turn may be a delivery,
   * and not the timer.
   */
  get isDoubtful(): boolean {
    if (this.#monotonic() - this.#lookedAt > ABSENT_MS || this.#cutOffSince !== undefined) this.look();
    return this.#doubtfulSince !== undefined;
  }

  /** What becomes of a message that comes while it is doubtful: it is tried again, in its place. */
  get later(): Outcome {
    const forMs = this.#monotonic() - (this.#doubtfulSince ?? 0);
    return { kind: "retry", afterMs: forMs < SOON_UNTIL_MS ? SOON_MS : LATER_MS };
  }

  /** Resolves when it is not doubtful any more. */
  async settled(): Promise<void> {
    if (this.#doubtfulSince === undefined) return;
    await new Promise<void>((resolve) => this.#onSettled.push(resolve));
  }

  /** To be called at least once a second. */
  look(): void {
    if (this.#isStopped) return;
    const now = this.#monotonic();
    const stoodStill = now - this.#lookedAt > ABSENT_MS;
    this.#lookedAt = now;
    let wasCutOff = false;
    const heardAt = this.#options.heardAt?.() ?? now;
    if (!this.#options.connected()) this.#cutOffSince ??= Math.min(now, heardAt);
    else if (now - heardAt > UNHEARD_MS) this.#cutOffSince ??= heardAt;
    else if (this.#cutOffSince !== undefined) {
      // Before it is back nothing comes, and the bus refuses what goes.
      wasCutOff = now - this.#cutOffSince > ABSENT_MS;
      this.#cutOffSince = undefined;
    }
    if (stoodStill || wasCutOff) this.#begin(now);
  }

  stop(): void {
    this.#isStopped = true;
    this.#settle();
  }

  #begin(now: number): void {
    this.#absences += 1;
    if (this.#doubtfulSince !== undefined) return;
    this.#doubtfulSince = now;
    void this.#ask();
  }

  async #ask(): Promise<void> {
    for (let absences = 0; absences !== this.#absences && !this.#isStopped; ) {
      absences = this.#absences;
      await this.#options.askOwners();
    }
    this.#settle();
  }

  #settle(): void {
    this.#doubtfulSince = undefined;
    for (const resolve of this.#onSettled.splice(0)) resolve();
  }
}
