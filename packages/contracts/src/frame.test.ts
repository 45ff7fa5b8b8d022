import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { channels } from "./channels.ts";
import {
  checkAnswer,
  decodeFrame,
  encodeAck,
  encodeFrame,
  encodeMessage,
  encodeMessageBody,
  type Frame,
} from "./frame.ts";

const golden = new URL("../fixtures/", import.meta.url);

interface GoldenFrame {
  readonly file: string;
  readonly wire: string;
}

function goldenFrames(): GoldenFrame[] {
  const versions = readdirSync(golden).filter((folder) => /^v\d+$/.test(folder));
  return versions.flatMap((version) =>
    readdirSync(new URL(`${version}/`, golden)).map((file) => ({
      file: `${version}/${file}`,
      wire: readFileSync(new URL(`${version}/${file}`, golden), "utf8").trimEnd(),
    })),
  );
}

function decoded(wire: string, file = ""): Frame {
  const result = decodeFrame(wire);
  if (result.kind === "malformed") assert.fail(`${file}: ${result.reason}`);
  return result.frame;
}

function encoded(frame: Frame): string {
  return encodeFrame(
    frame,
    frame.messages.map((message) =>
      encodeMessage(message.seq, message.keys, message.fresh, encodeMessageBody(message), message.trace),
    ),
    frame.acks.map(encodeAck),
  );
}

test("golden frames of every released version are still understood, and written the same way", () => {
  for (const { file, wire } of goldenFrames()) {
    const frame = decoded(wire, file);
    for (const message of frame.messages) assert.equal(message.malformed, undefined, file);
    if (file.startsWith("v1/")) assert.deepEqual(JSON.parse(encoded(frame)), JSON.parse(wire), file);
  }
});

test("every channel has a golden frame", () => {
  const seen = new Set(
    goldenFrames().flatMap(({ wire, file }) => decoded(wire, file).messages.map(({ channel }) => channel)),
  );
  assert.deepEqual(
    Object.values(channels)
      .map((channel) => channel.name)
      .filter((name) => !seen.has(name)),
    [],
  );
});

test("a frame that is cut, retyped or of another version is refused, never half-used", () => {
  for (const { file, wire } of goldenFrames()) {
    for (let end = 0; end < wire.length; end += 7) {
      assert.equal(decodeFrame(wire.slice(0, end)).kind, "malformed", `${file} cut at ${end}`);
    }
    const json = JSON.parse(wire) as Record<string, unknown>;
    for (const change of [{ v: 2 }, { v: "1" }, { o: "" }, { l: -1 }, { m: [{}] }, { a: [[1, "x"]] }]) {
      assert.equal(decodeFrame(JSON.stringify({ ...json, ...change })).kind, "malformed", file);
    }
  }
});

test("a message that cannot be used keeps its place, and what is wrong is told without telling what was in it", () => {
  const stanza = { kind: "message", payload: 5, secret: "by the moon" };
  const messages = [
    { s: 1, i: 1, c: channels.deliver.name, k: ["romeo@example.net"], p: { stanza, at: 1 } },
    { s: 2, i: 2, c: "no-such-channel", k: ["romeo@example.net"], p: {} },
    { s: 3, i: 3, c: "__proto__", k: ["romeo@example.net"], p: {} },
    { s: 4, i: 4, c: channels.deliver.name, k: [], p: null },
  ];
  const frame = decoded(JSON.stringify({ v: 1, o: "n", l: 1, b: 1, m: messages }));
  assert.deepEqual(
    frame.messages.map(({ seq, malformed }) => [seq, malformed === undefined]),
    [
      [1, false],
      [2, false],
      [3, false],
      [4, true],
    ],
  );
  for (const { malformed, payload } of frame.messages) {
    assert.doesNotMatch(malformed ?? "", /moon/);
    assert.equal(payload, undefined);
  }
});

test("answers are checked too", () => {
  const answer = { kind: "bound", resource: "balcony" };
  assert.deepEqual(checkAnswer("bind", answer), { kind: "answer", answer });
  for (const bad of [undefined, {}, { kind: "bound" }, { kind: "refused", condition: "teapot" }]) {
    assert.equal(checkAnswer("bind", bad).kind, "malformed");
  }
  assert.equal(checkAnswer("deliver", {}).kind, "malformed");
});
