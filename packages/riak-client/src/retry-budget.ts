/** How many repetitions a burst of trouble may cause. */
const BURST = 50;

/** Lets one repetition through for every ten requests, so that retries never multiply an overload. */
export class RetryBudget {
  #tokens = BURST;

  requested(): void {
    this.#tokens = Math.min(BURST, this.#tokens + 0.1);
  }

  take(): boolean {
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }
}
