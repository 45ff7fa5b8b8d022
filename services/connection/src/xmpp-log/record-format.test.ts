import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { compileFormat, macros, type RecordFormat } from "./record-format.ts";
import type { Traffic } from "./traffic.ts";

const reception = "%t+R+%st+%at+%af+%ai+%ay+%H";

function compiled(text: string): RecordFormat {
  const result = compileFormat(text);
  assert.equal(result.kind, "format");
  return result.kind === "format" ? result.format : () => "";
}

function traffic(parts: Partial<Traffic> = {}): Traffic {
  return {
    kind: "message",
    to: "romeo@example.org",
    from: "juliet@example.org/balcony",
    id: "m1",
    type: "chat",
    xml: () => "<message/>",
    remote: () => "192.0.2.7:50000",
    ...parts,
  };
}

test("the default formats give the records of Momentum", () => {
  const rest = "message+romeo@example.org+juliet@example.org/balcony+m1+chat+192.0.2.7:50000\n";
  assert.equal(compiled(reception)(traffic(), "1700000000"), `1700000000+R+${rest}`);
  assert.equal(compiled(reception.replace("R", "D"))(traffic(), "1700000000"), `1700000000+D+${rest}`);
  assert.equal(compiled("%t+M")(traffic(), "1700000000"), "1700000000+M\n");
});

test("what is absent is empty", () => {
  const bare = traffic({ kind: "presence", to: undefined, id: undefined, type: undefined });
  assert.equal(
    compiled(reception)(bare, "1"),
    "1+R+presence++juliet@example.org/balcony+++192.0.2.7:50000\n",
  );
});

test("every macro is known, and %% is a percent sign", () => {
  const all = Object.keys(macros).map((name) => `%${name}`);
  const line = compiled(`${all.join(" ")} 100%%`)(traffic(), "1");
  assert.equal(
    line,
    "1 message <message/> <message/> juliet@example.org/balcony romeo@example.org m1 chat 192.0.2.7:50000 100%\n",
  );
});

test("a macro that there is not, and a line end, are problems", () => {
  for (const text of ["%x", "%s", "%t+%", "%a", "%h"])
    assert.match(JSON.stringify(compileFormat(text)), /"problem":"has a % that is none of %t %st/);
  for (const text of ["%t\n+R", "%t\u2028", "%t\0", "%t\u0085"])
    assert.match(JSON.stringify(compileFormat(text)), /control character/);
});

test("a field cannot end its record, or begin another field", () => {
  const id = "m+1\n1+R+message+x\r\u2028\u0000\u0085%20 é";
  assert.equal(
    compiled("%t+%ai+%ay")(traffic({ id }), "1"),
    "1+m%2B1%0A1%2BR%2Bmessage%2Bx%0D%E2%80%A8%00%C2%85%2520 é+chat\n",
  );
});

test("other separators are encoded in place of +", () => {
  assert.equal(compiled("%t@%af@%ai")(traffic({ id: "a+b" }), "1"), "1@juliet%40example.org/balcony@a+b\n");
  assert.equal(compiled("%t 💌 %ai")(traffic({ id: "a 💌 b" }), "1"), "1 💌 a%20%F0%9F%92%8C%20b\n");
});

test("whatever is in the fields, there is one line, and it can be taken apart again", () => {
  const value = fc.oneof(
    fc.string({ unit: "grapheme" }),
    fc.constantFrom("+", "\n", "%", "%2B", "\r\n+M", ""),
  );
  fc.assert(
    fc.property(value, value, value, value, (to, from, id, type) => {
      const line = compiled(reception)(traffic({ to, from, id, type }), "1");
      assert.equal(line.split(/[\n\r\u2028\u2029\u0085]/).length, 2);
      assert.deepEqual(line.trimEnd().split("+").map(decodeURIComponent), [
        ...["1", "R", "message", to, from, id, type, "192.0.2.7:50000"],
      ]);
    }),
  );
});
