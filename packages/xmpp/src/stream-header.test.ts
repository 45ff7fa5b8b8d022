import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { collectItems } from "./collect-items.ts";
import { responseHeader, responseVersion, streamClose } from "./stream-header.ts";

describe("a response stream header", () => {
  it("opens a stream that the close tag ends", () => {
    const items = collectItems(
      responseHeader({ from: "example.com", to: `a"<@b`, id: "x&y", lang: "en", version: "1.0" }) +
        streamClose,
    );
    assert.deepEqual(items, [
      {
        kind: "stream-start",
        header: {
          from: "example.com",
          to: `a"<@b`,
          id: "x&y",
          lang: "en",
          version: "1.0",
          contentNamespace: "jabber:client",
        },
      },
      { kind: "stream-end" },
    ]);
  });

  it("leaves out an address and a version that the client did not send", () => {
    const xml = responseHeader({ from: "example.com", id: "x", lang: "en" });
    assert.doesNotMatch(xml.replace("<?xml version", ""), / to=| version=/);
  });
});

describe("the version of the response", () => {
  const cases: readonly (readonly [string | undefined, string | undefined])[] = [
    ["1.0", "1.0"],
    ["1.7", "1.0"],
    ["2.0", "1.0"],
    ["10.0", "1.0"],
    ["01.00", "1.0"],
    ["0.9", "0.9"],
    ["00.09", "0.9"],
    [undefined, undefined],
    ["", undefined],
    ["1", undefined],
    ["one", undefined],
    ["-1.0", undefined],
  ];
  for (const [initial, response] of cases) {
    it(`is ${response ?? "left out"} for ${initial ?? "none"}`, () => {
      assert.equal(responseVersion(initial), response);
    });
  }
});
