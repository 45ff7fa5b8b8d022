import assert from "node:assert/strict";
import { test } from "node:test";
import { SaxesParser } from "saxes";
import type { CollectedSpan } from "./decode-traces.ts";
import { renderTrace } from "./render-trace.ts";

function span(spanId: string, parentSpanId: string, name: string, start: number, end: number): CollectedSpan {
  return {
    traceId: "1",
    spanId,
    parentSpanId,
    name,
    kind: "internal",
    start,
    end,
    attributes: {},
    events: [],
    links: [],
    isError: false,
    resource: { "service.name": "rollcall-roster", "service.instance.id": "roster-1-abcd" },
  };
}

test("the picture of a trace is XML with a row for every span, in the order of the tree", () => {
  const svg = renderTrace(
    [span("b", "a", "later <&>", 5, 9), span("c", "a", "sooner", 2, 4), span("a", "", "root", 1, 10)],
    { title: "A trace", about: "of a test" },
  );
  const texts: string[] = [];
  const parser = new SaxesParser();
  parser.on("text", (text) => {
    if (text.trim() !== "") texts.push(text.trim());
  });
  parser.on("error", (error) => {
    throw error;
  });
  parser.write(svg).close();
  const names = texts.filter((text) => ["root", "sooner", "later <&>"].includes(text));
  assert.deepEqual(names, ["root", "sooner", "later <&>"]);
  assert.equal(texts.filter((text) => text === "roster abcd").length, 3);
});
