import type { MetricAttributes } from "./catalogue/spec.ts";

/** A recorded value with the trace that it belongs to. */
export interface Exemplar {
  readonly traceId: string;
  readonly value: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** Seconds, from what one handler takes to what makes a client give up. */
export const secondsBounds: readonly number[] = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
];
/** Seconds of what people wait for: logins, partitions. */
export const longSecondsBounds: readonly number[] = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
];
/** How many of something. */
export const sizeBounds: readonly number[] = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000];

/**
 * Counts values by size. Made for hot paths: `record` is a few comparisons and two additions; nothing is copied or computed
 * until somebody reads.
 */
export class Histogram {
  /** Upper bounds of the buckets, rising; a value that equals one belongs to it. One more bucket is for what is larger. */
  readonly bounds: readonly number[];
  /** By bucket, not added up. */
  readonly counts: Float64Array;
  sum = 0;
  /** The last one of each bucket; `undefined` until there is any. */
  exemplars: (Exemplar | undefined)[] | undefined = undefined;

  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.counts = new Float64Array(bounds.length + 1);
  }

  /** @param traceId of the sampled trace that the value belongs to. */
  record(value: number, traceId?: string): void {
    const { bounds } = this;
    let bucket = 0;
    while (bucket < bounds.length && value > (bounds[bucket] as number)) bucket += 1;
    this.counts[bucket] = (this.counts[bucket] as number) + 1;
    this.sum += value;
    if (traceId !== undefined) {
      this.exemplars ??= new Array<Exemplar | undefined>(bounds.length + 1).fill(undefined);
      this.exemplars[bucket] = { traceId, value, at: Date.now() };
    }
  }

  get count(): number {
    let count = 0;
    for (const each of this.counts) count += each;
    return count;
  }
}

/** Histograms of one metric that attributes tell apart. How many there are is bounded by whoever adds them. */
export class Histograms {
  readonly bounds: readonly number[];
  readonly #members: { readonly attributes: MetricAttributes; readonly histogram: Histogram }[] = [];

  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
  }

  /** One for each value of an attribute, in their order. */
  static of(bounds: readonly number[], attribute: string, values: readonly string[]): Histograms {
    const all = new Histograms(bounds);
    for (const value of values) all.add({ [attribute]: value });
    return all;
  }

  add(attributes: MetricAttributes): Histogram {
    const histogram = new Histogram(this.bounds);
    this.#members.push({ attributes, histogram });
    return histogram;
  }

  /** In the order in which they were added. */
  at(index: number): Histogram {
    return (this.#members[index] as { readonly histogram: Histogram }).histogram;
  }

  members(): readonly { readonly attributes: MetricAttributes; readonly histogram: Histogram }[] {
    return this.#members;
  }
}
