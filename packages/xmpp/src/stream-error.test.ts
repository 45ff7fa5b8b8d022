import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { collectItems, header } from "./collect-items.ts";
import { NS } from "./namespaces.ts";
import { streamErrorCondition, streamErrorConditions, streamErrorXml } from "./stream-error.ts";

function read(xml: string) {
  const [, item] = collectItems(header + xml);
  assert.equal(item?.kind, "element");
  return (item as Extract<typeof item, { kind: "element" }>).element;
}

describe("a stream error", () => {
  it("is well-formed for each of the 25 conditions", () => {
    assert.equal(new Set(streamErrorConditions).size, 25);
    for (const condition of streamErrorConditions) {
      const error = read(streamErrorXml(condition));
      assert.deepEqual([error.name, error.namespace], ["error", NS.stream]);
      assert.deepEqual(
        error.elements().map((child) => [child.name, child.namespace]),
        [[condition, NS.streamErrors]],
      );
    }
  });

  it("carries a text and, for see-other-host, an address", () => {
    const error = read(streamErrorXml("see-other-host", "over <there>", "[2001:db8::1]:5222"));
    assert.equal(error.childText("see-other-host", NS.streamErrors), "[2001:db8::1]:5222");
    assert.equal(error.childText("text", NS.streamErrors), "over <there>");
  });

  it("is undefined-condition where the condition is unknown", () => {
    assert.equal(streamErrorCondition("reset"), "reset");
    assert.equal(streamErrorCondition("xml-not-well-formed"), "undefined-condition");
  });
});
