import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { boundaryOf, type MultipartPart, parseMultipart } from "./multipart.ts";
import { RiakError } from "./riak-error.ts";

const BOUNDARY = "HEWxiXyuE3tA4Uv6WfhzC02wjof";

const boundaryLine = new RegExp(`(^|\\r\\n)--${BOUNDARY}(?!x)`);

function write(parts: readonly MultipartPart[], preamble = "\r\n"): Buffer {
  const pieces = [Buffer.from(preamble)];
  for (const { headers, body } of parts) {
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    pieces.push(Buffer.from(`--${BOUNDARY}\r\n${lines.join("")}\r\n`, "latin1"), Buffer.from(body));
    pieces.push(Buffer.from("\r\n"));
  }
  pieces.push(Buffer.from(`--${BOUNDARY}--\r\n`));
  return Buffer.concat(pieces);
}

const parsed = (body: string): { headers: object; body: string }[] =>
  parseMultipart(Buffer.from(body, "latin1"), "b").map((part) => ({
    headers: { ...part.headers },
    body: Buffer.from(part.body).toString("latin1"),
  }));

describe("multipart bodies", () => {
  test("any parts come back as they were written", () => {
    const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,12}$/);
    const value = fc.stringMatching(/^[\x21-\x7e]([\x20-\x7e]{0,20}[\x21-\x7e])?$/);
    const hostile = fc.constantFrom(
      "\r\n",
      "--",
      BOUNDARY,
      `\r\n--${BOUNDARY}x`,
      `--${BOUNDARY}`,
      "\0",
      ":",
      "\n\n",
    );
    const body = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.array(hostile, { maxLength: 6 }).map((words) => new Uint8Array(Buffer.from(words.join("")))),
    );
    const part = fc.record({
      headers: fc.dictionary(name, value, { maxKeys: 4, noNullPrototype: true }),
      body,
    });
    fc.assert(
      fc.property(
        fc.array(part, { maxLength: 5 }),
        fc.constantFrom("\r\n", "", "ignored\r\n"),
        (parts, preamble) => {
          // A value with the boundary on a line of its own cannot be told from the end of the value.
          for (const { body: content } of parts) {
            fc.pre(!boundaryLine.test(Buffer.from(content).toString("latin1")));
          }
          const back = parseMultipart(write(parts, preamble), BOUNDARY);
          assert.deepEqual(
            back.map(({ headers, body: content }) => ({ headers: { ...headers }, body: [...content] })),
            parts.map(({ headers, body: content }) => ({ headers, body: [...content] })),
          );
        },
      ),
      { numRuns: 300 },
    );
  });

  test("bytes that are no multipart body are refused, whatever they are", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        assert.throws(() => parseMultipart(bytes, "zz-boundary-zz"), RiakError);
      }),
      { numRuns: 200 },
    );
  });

  test("a body that was cut anywhere is refused", () => {
    const whole = write([
      { headers: { etag: "a" }, body: Buffer.from('{"v":1}') },
      { headers: { etag: "b" }, body: Buffer.from("") },
    ]);
    for (let length = 0; length < whole.length - "--\r\n".length; length++) {
      assert.throws(() => parseMultipart(whole.subarray(0, length), BOUNDARY), RiakError, `cut at ${length}`);
    }
  });

  test("a part may have no headers, no body, or neither", () => {
    assert.deepEqual(parsed("--b\r\n\r\nbody\r\n--b\r\nA: 1\r\n\r\n\r\n--b\r\n\r\n\r\n--b\r\n\r\n--b--"), [
      { headers: {}, body: "body" },
      { headers: { a: "1" }, body: "" },
      { headers: {}, body: "" },
      { headers: {}, body: "" },
    ]);
  });

  test("a word that begins with the boundary is content", () => {
    assert.deepEqual(parsed("\r\n--b\r\n\r\none\r\n--bb\r\ntwo\r\n--b--\r\n"), [
      { headers: {}, body: "one\r\n--bb\r\ntwo" },
    ]);
  });

  test("header names are lower case, and what comes twice is a list", () => {
    assert.deepEqual(parsed("--b\r\nX-Riak-Index-A: 1\r\nx-riak-index-a: 2\r\n\r\n\r\n--b--"), [
      { headers: { "x-riak-index-a": "1, 2" }, body: "" },
    ]);
  });

  test("the boundary is found in a content type, quoted or not", () => {
    assert.equal(boundaryOf("multipart/mixed; boundary=abc"), "abc");
    assert.equal(boundaryOf('Multipart/Mixed; charset=utf-8; boundary="a b"'), "a b");
    assert.equal(boundaryOf("text/plain"), undefined);
    assert.equal(boundaryOf("application/json; boundary=abc"), undefined);
  });
});
