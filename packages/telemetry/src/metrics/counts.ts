import type { MetricAttributes } from "./catalogue/spec.ts";

/** Numbers of one metric that attributes tell apart. Counted with `values[i]++`; how many there are never changes. */
export class Counts {
  readonly series: readonly MetricAttributes[];
  /** In the order of `series`. */
  readonly values: Float64Array;

  constructor(series: readonly MetricAttributes[]) {
    this.series = series;
    this.values = new Float64Array(series.length);
  }

  /** One for each value of an attribute, in their order. */
  static of(attribute: string, values: readonly string[]): Counts {
    return new Counts(values.map((value) => ({ [attribute]: value })));
  }

  /** One for each pair of values: the index is `index of the first * number of the second + index of the second`. */
  static ofPairs(
    first: string,
    firstValues: readonly string[],
    second: string,
    secondValues: readonly string[],
  ): Counts {
    return new Counts(
      firstValues.flatMap((one) => secondValues.map((other) => ({ [first]: one, [second]: other }))),
    );
  }

  add(index: number, by = 1): void {
    this.values[index] = (this.values[index] as number) + by;
  }

  get total(): number {
    let total = 0;
    for (const value of this.values) total += value;
    return total;
  }
}
