/** One of the services of a process, or a store or bus that they share, as `runServices` handles it. */
export interface Service {
  readonly name: string;
  /**
   * Resolves when the service takes work. Whoever waits for something outside the process gives up when the process
   * is told to end, and rejects with the reason of `ending`.
   */
  start(ending?: AbortSignal): Promise<void>;
  /** What still keeps the service from taking work; empty when it is ready. */
  notReady(): readonly string[];
  /** Takes no new work and finishes what it has, at most until `budgetMs` is over. */
  drain(budgetMs: number): Promise<void>;
  /** Frees everything. Called once, after `drain`, or after a `start` that failed. */
  stop(): Promise<void>;
}
