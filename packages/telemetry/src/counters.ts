/**
 * Knows where the numbers of a process are. Nothing is copied or computed until somebody reads: counting costs
 * its owner one `field++`.
 */
export class CounterRegistry {
  readonly #sources = new Map<string, () => object>();

  /**
   * Adds the numbers of an area (`roster`, `bus`): an object whose numeric fields are read each time, or a
   * function that gives one. Returns how to take them out again.
   * @throws {Error} when the area is taken.
   */
  add(area: string, source: object | (() => object)): () => void {
    if (this.#sources.has(area)) throw new Error(`counters of ${area} were added already`);
    this.#sources.set(area, typeof source === "function" ? (source as () => object) : () => source);
    return () => void this.#sources.delete(area);
  }

  /** The numbers of all areas as they are now, areas in alphabetical order. */
  read(): Record<string, Record<string, number>> {
    const all: Record<string, Record<string, number>> = {};
    for (const [area, read] of [...this.#sources].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const numbers: Record<string, number> = {};
      for (const [name, value] of Object.entries(read()))
        if (typeof value === "number") numbers[name] = value;
      all[area] = numbers;
    }
    return all;
  }
}
