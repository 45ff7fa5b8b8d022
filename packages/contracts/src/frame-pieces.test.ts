import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { cutFrame, FramePieces } from "./frame-pieces.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

test("a frame is the same after it was cut, wherever a character was cut through", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: "grapheme", minLength: 1, maxLength: 300 }),
      fc.integer({ min: 513, max: 600 }),
      (text, size) => {
        const pieces = new FramePieces();
        const taken = cutFrame("node-1", 7, bytes(text), size).map((piece) => pieces.take(piece));
        assert.deepEqual(taken.at(-1), { kind: "frame", text });
        assert.ok(taken.slice(0, -1).every(({ kind }) => kind === "incomplete"));
      },
    ),
  );
});

test("what is not cut is taken as it is", () => {
  assert.deepEqual(new FramePieces().take(bytes('{"v":1}')), { kind: "frame", text: '{"v":1}' });
});

test("frames of several senders come together piece by piece", () => {
  const pieces = new FramePieces();
  const one = cutFrame("a", 1, bytes("x".repeat(20)), 522);
  const other = cutFrame("b", 1, bytes("y".repeat(20)), 522);
  const taken = [one[0], other[0], one[1], other[1]].map((piece) => pieces.take(piece ?? bytes("")));
  assert.deepEqual(taken.slice(2), [
    { kind: "frame", text: "x".repeat(20) },
    { kind: "frame", text: "y".repeat(20) },
  ]);
});

test("a frame with a missing piece is void, and the next one is not", () => {
  const pieces = new FramePieces();
  const lost = cutFrame("a", 1, bytes("x".repeat(30)), 522);
  const next = cutFrame("a", 2, bytes("y".repeat(20)), 522);
  for (const piece of [lost[0], lost[2], lost[1]])
    assert.equal(pieces.take(piece ?? bytes("")).kind, "incomplete");
  assert.deepEqual(
    next.map((piece) => pieces.take(piece).kind),
    ["incomplete", "frame"],
  );
});

test("what only looks like a piece is malformed", () => {
  for (const text of ["~", "~a 1 0 2", "~a 1 0 0\nx", "~a b c d\nx", "~a 1 0 5000\nx"])
    assert.equal(new FramePieces().take(bytes(text)).kind, "malformed", text);
});

test("more than can be cut is refused", () => {
  assert.throws(() => cutFrame("a", 1, new Uint8Array(2_000), 513), RangeError);
});
