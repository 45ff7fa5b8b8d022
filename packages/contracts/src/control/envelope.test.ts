import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { decodeControlAsk, decodeControlReply, encodeControlAsk, encodeControlReply } from "./envelope.ts";
import { controlQuestions } from "./questions.ts";

const golden = new URL("../../fixtures/control-v1/", import.meta.url);
const files = readdirSync(golden).map((name) => ({
  name,
  text: readFileSync(new URL(name, golden), "utf8"),
}));
const asks = files.filter(({ name }) => name.startsWith("ask-"));
const replies = files.filter(({ name }) => name.startsWith("reply-"));

/** `reply-trace.json` answers a question of kind `trace`. */
const kindOf = (name: string): string => /^(?:ask|reply)-(.*)\.json$/.exec(name)?.[1] ?? "";
const known = Object.keys(controlQuestions);
const answered = (name: string): string => (known.includes(kindOf(name)) ? kindOf(name) : "trace");

test("golden questions and answers are understood, and written the same way", () => {
  for (const { name, text } of asks) {
    const decoded = decodeControlAsk(text);
    assert.ok(decoded.kind === "decoded", name);
    assert.equal(decoded.value.question.kind, kindOf(name));
    assert.deepEqual(JSON.parse(encodeControlAsk(decoded.value)), JSON.parse(text), name);
  }
  for (const { name, text } of replies) {
    const decoded = decodeControlReply(text, answered(name));
    assert.ok(decoded.kind === "decoded", `${name}: ${JSON.stringify(decoded)}`);
    assert.deepEqual(JSON.parse(encodeControlReply(decoded.value)), JSON.parse(text), name);
  }
});

test("every kind of question has a golden question and a golden answer", () => {
  assert.deepEqual(asks.map(({ name }) => kindOf(name)).sort(), [...known].sort());
  assert.deepEqual(
    known.filter((kind) => !replies.some(({ name }) => kindOf(name) === kind)),
    [],
  );
});

test("what is cut or of another version is refused, never half-used", () => {
  for (const { name, text } of files) {
    const decode = (wire: string): string =>
      (name.startsWith("ask-") ? decodeControlAsk(wire) : decodeControlReply(wire, answered(name))).kind;
    for (let end = 0; end < text.trimEnd().length; end += 7) {
      assert.equal(decode(text.slice(0, end)), "malformed", `${name} cut at ${end}`);
    }
    assert.equal(decode(JSON.stringify({ ...JSON.parse(text), v: 2 })), "malformed", name);
  }
});

test("a question of a later version is passed on, so that it can be answered with `not-known`; its answer is not used", () => {
  const ask = { v: 1, from: "roster-1", question: { kind: "conjugate", verb: "to be" } };
  assert.deepEqual(decodeControlAsk(JSON.stringify(ask)), { kind: "decoded", value: ask });
  const [reply] = replies.filter(({ name }) => name === "reply-trace.json");
  for (const kind of ["conjugate", "__proto__", "constructor"]) {
    assert.equal(decodeControlReply(reply?.text ?? "", kind).kind, "malformed");
  }
});

test("what is wrong is told without telling what was in it", () => {
  const ask = { v: 1, from: "roster-1", question: { kind: "trace", account: { is: "a secret" }, forMs: 1 } };
  const decoded = decodeControlAsk(JSON.stringify(ask));
  assert.ok(decoded.kind === "malformed");
  assert.match(decoded.reason, /account/);
  assert.doesNotMatch(decoded.reason, /secret/);
});
