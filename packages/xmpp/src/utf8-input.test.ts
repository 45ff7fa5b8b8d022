import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { describe, it } from "node:test";
import fc from "fast-check";
import { Utf8Input } from "./utf8-input.ts";

function decode(
  bytes: Uint8Array,
  sizes: readonly number[],
): { text: string; failed: boolean; waiting: number } {
  const input = new Utf8Input();
  let text = "";
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length]!;
    text += input.decode(bytes.subarray(at, at + size)).text;
    at += size;
  }
  return { text, failed: input.failed, waiting: input.waiting };
}

const sizes = fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 5 });

describe("UTF-8 in pieces", () => {
  it("is decoded as it is in one, wherever it is cut", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), sizes, (raw, cuts) => {
        const text = raw.replace(/\p{Surrogate}/gu, "");
        assert.deepEqual(decode(Buffer.from(text), cuts), { text, failed: false, waiting: 0 });
      }),
      { numRuns: 300 },
    );
  });

  it("is decoded up to the first invalid byte, and refused with any", () => {
    const strict = (bytes: Uint8Array) =>
      new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    const byte = fc.oneof(
      fc.integer({ min: 0, max: 255 }),
      fc.constantFrom(
        0x41,
        0x80,
        0x8f,
        0x90,
        0x9f,
        0xa0,
        0xbf,
        0xc0,
        0xc2,
        0xe0,
        0xe2,
        0xed,
        0xef,
        0xf0,
        0xf4,
        0xf5,
      ),
    );
    fc.assert(
      fc.property(fc.array(byte, { maxLength: 8 }), sizes, (list, cuts) => {
        const bytes = Uint8Array.from(list);
        const { text, failed, waiting } = decode(bytes, cuts);
        let valid = true;
        try {
          strict(bytes);
        } catch {
          valid = false;
        }
        assert.equal(!failed && waiting === 0, valid);
        assert.ok(waiting <= 3);
        const read = Buffer.from(text);
        assert.deepEqual(read, Buffer.from(bytes.subarray(0, read.length)));
        if (!failed) assert.equal(read.length + waiting, bytes.length);
      }),
      { numRuns: 1000 },
    );
  });

  it("takes a byte order mark for a character", () => {
    assert.equal(decode(Buffer.from("\ufeffa"), [10]).text, "\ufeffa");
  });
});
