/** Decides in a nanosecond or two: counts down to the next one, as many steps as chance would have taken. */
export class RatioSampler {
  readonly #ratio: number;
  readonly #random: () => number;
  #left: number;

  /** @param ratio 0 to 1. @param random from 0 to below 1. */
  constructor(ratio: number, random: () => number) {
    this.#ratio = ratio;
    this.#random = random;
    this.#left = this.#gap();
  }

  sample(): boolean {
    if (this.#left > 0) {
      this.#left -= 1;
      return false;
    }
    this.#left = this.#gap();
    return true;
  }

  /** Failures before the next success of trials with this probability. */
  #gap(): number {
    if (this.#ratio >= 1) return 0;
    if (this.#ratio <= 0) return Number.POSITIVE_INFINITY;
    return Math.floor(Math.log(1 - this.#random()) / Math.log(1 - this.#ratio));
  }
}

/** Accounts and sessions whose traces somebody asked for, each for a while. */
export class ForcedTraces {
  readonly #limit: number;
  readonly #until = new Map<string, number>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  get isEmpty(): boolean {
    return this.#until.size === 0;
  }

  /** @returns whether there was room. */
  add(jid: string, until: number, now: number): boolean {
    for (const [known, end] of this.#until) if (end <= now) this.#until.delete(known);
    if (this.#until.size >= this.#limit && !this.#until.has(jid)) return false;
    this.#until.set(jid, until);
    return true;
  }

  has(jid: string, now: number): boolean {
    const until = this.#until.get(jid);
    if (until === undefined) return false;
    if (until > now) return true;
    this.#until.delete(jid);
    return false;
  }
}

/** A number of things in each second, and no more. */
export class Budget {
  readonly #perSecond: number;
  #second = Number.NaN;
  #spent = 0;

  constructor(perSecond: number) {
    this.#perSecond = perSecond;
  }

  /** @param now milliseconds. */
  take(now: number): boolean {
    const second = Math.floor(now / 1_000);
    if (second !== this.#second) {
      this.#second = second;
      this.#spent = 0;
    }
    if (this.#spent >= this.#perSecond) return false;
    this.#spent += 1;
    return true;
  }
}
