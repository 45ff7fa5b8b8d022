import { Counts } from "./metrics/counts.ts";
import { Histogram, Histograms } from "./metrics/histogram.ts";

/** What an owner of numbers may have as a field. */
export type Measured = number | Counts | Histogram | Histograms;

/**
 * Knows where the numbers of a process are. Nothing is copied or computed until somebody reads: counting costs
 * its owner one `field++`.
 */
export class CounterRegistry {
  readonly #sources = new Map<string, () => object>();

  /**
   * Adds the numbers of an area (`roster`, `bus`): an object whose `Measured` fields are read each time, or a
   * function that gives one. Returns how to take them out again.
   * @throws {Error} when the area is taken.
   */
  add(area: string, source: object | (() => object)): () => void {
    if (this.#sources.has(area)) throw new Error(`counters of ${area} were added already`);
    this.#sources.set(area, typeof source === "function" ? (source as () => object) : () => source);
    return () => void this.#sources.delete(area);
  }

  /** What all areas have measured, areas in alphabetical order. Counts and histograms are not copies: they go on changing. */
  measured(): Record<string, Record<string, Measured>> {
    const all: Record<string, Record<string, Measured>> = {};
    for (const [area, read] of [...this.#sources].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const fields: Record<string, Measured> = {};
      for (const [name, value] of Object.entries(read())) if (isMeasured(value)) fields[name] = value;
      all[area] = fields;
    }
    return all;
  }

  /** One number for each field as it is now: of counts their total, of histograms how many values they have. */
  read(): Record<string, Record<string, number>> {
    const all: Record<string, Record<string, number>> = {};
    for (const [area, fields] of Object.entries(this.measured())) {
      const numbers: Record<string, number> = {};
      for (const [name, value] of Object.entries(fields)) numbers[name] = asNumber(value);
      all[area] = numbers;
    }
    return all;
  }
}

function isMeasured(value: unknown): value is Measured {
  return (
    typeof value === "number" ||
    value instanceof Counts ||
    value instanceof Histogram ||
    value instanceof Histograms
  );
}

function asNumber(value: Measured): number {
  if (typeof value === "number") return value;
  if (value instanceof Counts) return value.total;
  if (value instanceof Histogram) return value.count;
  return value.members().reduce((total, { histogram }) => total + histogram.count, 0);
}
