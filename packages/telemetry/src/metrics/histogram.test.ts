import assert from "node:assert/strict";
import { test } from "node:test";
import { Counts } from "./counts.ts";
import { Histogram, Histograms } from "./histogram.ts";

test("a value goes into the bucket of the first bound that it does not exceed", () => {
  const histogram = new Histogram([1, 5, 10]);
  for (const value of [0, 1, 1.5, 5, 10, 10.1, 1_000]) histogram.record(value);
  assert.deepEqual([...histogram.counts], [2, 2, 1, 2]);
  assert.equal(histogram.count, 7);
  assert.equal(histogram.sum, 1_027.6);
});

test("a bucket remembers the last value that came with a trace", () => {
  const histogram = new Histogram([1]);
  const traces = (): unknown =>
    histogram.exemplars?.map((exemplar) => exemplar && [exemplar.traceId, exemplar.value]);
  histogram.record(0.5);
  assert.equal(traces(), undefined);
  histogram.record(0.6, "aaaa");
  histogram.record(0.7, "bbbb");
  histogram.record(0.8);
  assert.deepEqual(traces(), [["bbbb", 0.7], undefined]);
});

test("histograms of one metric share bounds and nothing else", () => {
  const both = Histograms.of([1], "kind", ["message", "iq"]);
  both.at(1).record(3);
  assert.deepEqual(
    both.members().map(({ attributes, histogram }) => [attributes.kind, histogram.count]),
    [
      ["message", 0],
      ["iq", 1],
    ],
  );
});

test("counts of pairs are in the order of the first, and then of the second", () => {
  const pairs = Counts.ofPairs("operation", ["get", "set"], "outcome", ["done", "failed"]);
  pairs.add(1 * 2 + 1);
  assert.deepEqual(pairs.series[3], { operation: "set", outcome: "failed" });
  assert.deepEqual([...pairs.values], [0, 0, 0, 1]);
  assert.equal(pairs.total, 1);
});

test("counts that are added later leave the others as they are", () => {
  const counts = Counts.of("channel", ["bind"]);
  counts.add(0, 5);
  counts.add(counts.extend([{ channel: "deliver" }]));
  assert.deepEqual([...counts.values], [5, 1]);
  assert.deepEqual(counts.series[1], { channel: "deliver" });
});
