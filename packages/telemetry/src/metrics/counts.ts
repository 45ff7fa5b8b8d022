import type { MetricAttributes } from "./catalogue/spec.ts";

/** Numbers of one metric that attributes tell apart. How many there are is bounded by whoever adds them. */
export class Counts {
  #series: readonly MetricAttributes[];
  #values: Float64Array;

  constructor(series: readonly MetricAttributes[]) {
    this.#series = series;
    this.#values = new Float64Array(series.length);
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

  get series(): readonly MetricAttributes[] {
    return this.#series;
  }

  /** In the order of `series`. */
  get values(): Readonly<Float64Array> {
    return this.#values;
  }

  add(index: number, by = 1): void {
    this.#values[index] = (this.#values[index] as number) + by;
  }

  /** @returns the index of the first of the new ones. */
  extend(series: readonly MetricAttributes[]): number {
    const first = this.#series.length;
    const values = new Float64Array(first + series.length);
    values.set(this.#values);
    this.#series = [...this.#series, ...series];
    this.#values = values;
    return first;
  }

  get total(): number {
    let total = 0;
    for (const value of this.#values) total += value;
    return total;
  }
}
