/** Something with pending output. */
export interface Flushable {
  flush(): void;
}

/**
 * Gathers what is to be written in one turn of the event loop, so that a socket gets one write for all its stanzas:
 * the most valuable optimisation of a connection node.
 */
export class OutputTurn {
  #dirty: Flushable[] = [];
  #spare: Flushable[] = [];
  #scheduled = false;

  /** Flushes `output` at the end of this turn. The caller adds itself once per turn. */
  add(output: Flushable): void {
    this.#dirty.push(output);
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(this.#run);
  }

  /** Flushes everything now; for shutdown. */
  readonly flush = (): void => {
    const dirty = this.#dirty;
    this.#dirty = this.#spare;
    for (const output of dirty) output.flush();
    dirty.length = 0;
    this.#spare = dirty;
  };

  readonly #run = (): void => {
    this.#scheduled = false;
    this.flush();
  };
}
