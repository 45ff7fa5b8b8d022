import assert from "node:assert/strict";
import { test } from "node:test";
import { formatDuration, parseDuration } from "./duration.ts";

test("times are read with their unit, up to a day", () => {
  const times = { "500ms": 500, "30s": 30_000, "5m": 300_000, "1h": 3_600_000, "24h": 86_400_000 };
  for (const [text, ms] of Object.entries(times)) assert.equal(parseDuration(text), ms, text);
  for (const bad of ["", "5", "5 m", "0s", "-1s", "1.5h", "25h", "1d", "m"]) {
    assert.throws(() => parseDuration(bad), /like 30s/, bad);
  }
});

test("times are written in their two largest units", () => {
  const texts: [number, string][] = [
    [0, "0 s"],
    [400, "0 s"],
    [59_600, "1 min"],
    [61_000, "1 min 1 s"],
    [3_600_000, "1 h"],
    [90_061_000, "1 d 1 h"],
  ];
  for (const [ms, text] of texts) assert.equal(formatDuration(ms), text);
});
