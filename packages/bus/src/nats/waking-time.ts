/** Longer turns of the event loop than this are rare even under load. */
const LONGEST_STEP_MS = 500;

/**
 * Milliseconds in which this process was awake, on a clock that nobody sets. Where it stood still (its machine did, or
 * one long turn of the event loop), only half a second of that counts: what came meanwhile has not been read, so whoever
 * is waited for may have answered long ago.
 *
 * A standstill shows in two looks that are far apart, so it is told from an idle time only while `isWatched`: then
 * somebody looks every few tens of milliseconds.
 */
export class WakingTime {
  readonly #monotonic: () => number;
  #isWatched = false;
  #lookedAt: number;
  #stoodStillMs = 0;

  constructor(monotonic: () => number = () => performance.now()) {
    this.#monotonic = monotonic;
    this.#lookedAt = monotonic();
  }

  now(): number {
    const time = this.#monotonic();
    const step = time - this.#lookedAt;
    this.#lookedAt = time;
    if (this.#isWatched && step > LONGEST_STEP_MS) this.#stoodStillMs += step - LONGEST_STEP_MS;
    return time - this.#stoodStillMs;
  }

  set isWatched(isWatched: boolean) {
    this.now();
    this.#isWatched = isWatched;
  }
}
