import assert from "node:assert/strict";
import { test } from "node:test";
import { type Line, readLines } from "./read-lines.ts";

async function linesOf(chunks: Uint8Array[], limit = 100): Promise<Line[]> {
  const lines: Line[] = [];
  const source = (async function* () {
    yield* chunks;
  })();
  for await (const line of readLines(source, limit)) lines.push(line);
  return lines;
}

test("lines are numbered, and blank ones count without being given", async () => {
  assert.deepEqual(await linesOf([Buffer.from("\uFEFFa\r\n\n \nb")]), [
    { kind: "line", number: 1, text: "a" },
    { kind: "line", number: 4, text: "b" },
  ]);
});

test("chunks may be cut anywhere, also inside a character", async () => {
  const bytes = Buffer.from("grün\nrot\n");
  for (let size = 1; size <= bytes.length; size++) {
    const chunks: Uint8Array[] = [];
    for (let i = 0; i < bytes.length; i += size) chunks.push(bytes.subarray(i, i + size));
    assert.deepEqual(
      (await linesOf(chunks)).map((line) => line.kind === "line" && line.text),
      ["grün", "rot"],
    );
  }
});

test("a line over the limit and one that is not UTF-8 are named, and the rest goes on", async () => {
  const chunks = [
    Buffer.from("x".repeat(8)),
    Buffer.from("x".repeat(8)),
    Buffer.from([0x0a, 0xff, 0x0a, 0x61]),
  ];
  assert.deepEqual(await linesOf(chunks, 10), [
    { kind: "too-long", number: 1 },
    { kind: "not-utf-8", number: 2 },
    { kind: "line", number: 3, text: "a" },
  ]);
});
