import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { channels } from "./channels.ts";
import { decodeAnswer, decodeEnvelope, encodeAnswer, encodeEnvelope } from "./envelope.ts";

const golden = new URL("../fixtures/", import.meta.url);

interface GoldenMessage {
  readonly file: string;
  readonly wire: string;
}

function goldenMessages(): GoldenMessage[] {
  return readdirSync(golden).flatMap((version) =>
    readdirSync(new URL(`${version}/`, golden)).map((file) => ({
      file: `${version}/${file}`,
      wire: readFileSync(new URL(`${version}/${file}`, golden), "utf8").trimEnd(),
    })),
  );
}

test("golden messages of every released version are still understood, and written the same way", () => {
  const messages = goldenMessages();
  for (const { file, wire } of messages) {
    const decoded = decodeEnvelope(wire);
    assert.equal(decoded.kind, "envelope", `${file}: ${decoded.kind === "malformed" ? decoded.reason : ""}`);
    if (decoded.kind === "envelope" && file.startsWith("v1/")) {
      assert.deepEqual(JSON.parse(encodeEnvelope(decoded.envelope)), JSON.parse(wire), file);
    }
  }
});

test("every channel has a golden message", () => {
  const seen = new Set(
    goldenMessages().map(({ wire }) => {
      const decoded = decodeEnvelope(wire);
      return decoded.kind === "envelope" ? decoded.envelope.channel : "malformed";
    }),
  );
  assert.deepEqual(
    Object.values(channels)
      .map((channel) => channel.name)
      .filter((name) => !seen.has(name)),
    [],
  );
});

test("a message that is cut, retyped or of another version is refused, never half-used", () => {
  for (const { file, wire } of goldenMessages()) {
    for (let end = 0; end < wire.length; end += 7) {
      assert.equal(decodeEnvelope(wire.slice(0, end)).kind, "malformed", `${file} cut at ${end}`);
    }
    const json = JSON.parse(wire) as Record<string, unknown>;
    for (const change of [
      { v: 2 },
      { v: "1" },
      { c: "no-such-channel" },
      { c: "__proto__" },
      { k: [] },
      { p: 5 },
      { t: "x" },
    ]) {
      assert.equal(decodeEnvelope(JSON.stringify({ ...json, ...change })).kind, "malformed", file);
    }
  }
});

test("what is wrong is told without telling what was in it", () => {
  const decoded = decodeEnvelope(
    JSON.stringify({
      v: 1,
      o: ["n", 1, 1],
      e: 0,
      c: channels.deliver.name,
      k: ["romeo@example.net"],
      p: { stanza: { kind: "message", payload: 5, secret: "by the moon" }, at: 1 },
    }),
  );
  assert.equal(decoded.kind, "malformed");
  assert.doesNotMatch(decoded.kind === "malformed" ? decoded.reason : "", /moon/);
});

test("answers are checked too", () => {
  const good = decodeAnswer("bind", encodeAnswer({ kind: "bound", resource: "balcony" }));
  assert.deepEqual(good, { kind: "answer", answer: { kind: "bound", resource: "balcony" } });
  for (const bad of ["", "{}", '{"kind":"bound"}', '{"kind":"refused","condition":"teapot"}']) {
    assert.equal(decodeAnswer("bind", bad).kind, "malformed", bad);
  }
  assert.equal(decodeAnswer("deliver", "{}").kind, "malformed");
});
