/** Closes streams at a rate, so that clients do not all come back in the same moment. */

export interface Pace {
  /** Streams in a second, 0 for all at once. */
  readonly perSecond: number;
  /** All are closed after that, at a higher rate if it must be. Milliseconds. */
  readonly withinMs: number;
  readonly sleep: (ms: number) => Promise<void>;
}

const STEP_MS = 50;

/** Resolves when `close` was called for each, in their order. */
export async function closeInTurn<S>(
  streams: Iterable<S>,
  { perSecond, withinMs, sleep }: Pace,
  close: (stream: S) => void,
): Promise<void> {
  const waiting = [...streams];
  const steps = Math.floor(withinMs / STEP_MS);
  const wanted = perSecond === 0 ? waiting.length : (perSecond * STEP_MS) / 1_000;
  const perStep = Math.max(wanted, steps <= 1 ? waiting.length : waiting.length / steps);
  let due = 0;
  let closed = 0;
  while (closed < waiting.length) {
    due += perStep;
    for (; closed < waiting.length && closed < due; closed += 1) close(waiting[closed] as S);
    if (closed < waiting.length) await sleep(STEP_MS);
  }
}
