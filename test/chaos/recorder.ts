import type { HistoryEvent } from "./checker/history.ts";

/** Omits `at` from each kind of event, not from what they have in common. */
type WithoutTime<T> = T extends unknown ? Omit<T, "at"> : never;

/** Writes the history of a run, by one clock. */
export class Recorder {
  readonly events: HistoryEvent[] = [];
  readonly #start = performance.now();

  /** Milliseconds since the start of the run. */
  now(): number {
    return Math.round(performance.now() - this.#start);
  }

  add(event: WithoutTime<HistoryEvent>): void {
    this.events.push({ ...event, at: this.now() } as HistoryEvent);
  }

  /** Records a fault that began at a moment and lasts. @returns what says that it is over. */
  fault(verb: string, target: string | undefined, at: number): () => void {
    const index = this.events.length;
    const event = { kind: "fault", at, verb, ...(target === undefined ? {} : { target }) } as const;
    this.events.push({ ...event, until: Number.MAX_SAFE_INTEGER });
    return () => {
      this.events[index] = { ...event, until: this.now() };
    };
  }
}
