import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { describe, it } from "node:test";
import { parsePlain } from "./plain.ts";

describe("parsePlain", () => {
  it("splits the message at the NULs (RFC 4616)", () => {
    assert.deepEqual(parsePlain(Buffer.from("\0juliet\0r0m30myr0m30")), {
      authzid: undefined,
      username: "juliet",
      password: "r0m30myr0m30",
    });
    assert.deepEqual(parsePlain(Buffer.from("juliet@example.com\0juliet\0\u00E9, =\uFEFF")), {
      authzid: "juliet@example.com",
      username: "juliet",
      password: "\u00E9, =\uFEFF",
    });
  });

  it("refuses too few or too many parts, an empty name or password, and what is not UTF-8", () => {
    for (const text of [
      "",
      "juliet",
      "\0juliet",
      "\0\0secret",
      "\0juliet\0",
      "\0juliet\0secret\0",
      "\0\0\0",
    ]) {
      assert.equal(parsePlain(Buffer.from(text)), undefined, JSON.stringify(text));
    }
    assert.equal(parsePlain(Buffer.from("\0juliet\0\xFF", "latin1")), undefined);
  });
});
