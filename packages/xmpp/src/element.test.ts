import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Element, element } from "./element.ts";
import { NS } from "./namespaces.ts";

describe("an element", () => {
  const item = element("item", NS.roster, { jid: "romeo@example.net", name: undefined }, [
    element("group", NS.roster, {}, ["Friends"]),
    "\n",
    element("group", NS.roster, {}, ["Lov", "ers", ""]),
    element("group", "urn:other", {}, ["no"]),
    undefined,
  ]);

  it("has attributes, those that are undefined left out", () => {
    assert.equal(item.attribute("jid"), "romeo@example.net");
    assert.equal(item.attribute("name"), undefined);
    assert.deepEqual([...item.attributes.keys()], ["jid"]);
  });

  it("finds children by name in its own namespace, or in the one asked for", () => {
    assert.equal(item.child("group")?.text(), "Friends");
    assert.equal(item.child("group", "urn:other")?.text(), "no");
    assert.equal(item.child("note"), undefined);
    assert.equal(item.childText("group"), "Friends");
    assert.equal(item.childText("note"), undefined);
    assert.equal(element("a", NS.roster, {}, [element("b", NS.roster)]).childText("b"), "");
  });

  it("lists child elements, and its own text without theirs", () => {
    assert.equal(item.elements().length, 3);
    assert.equal(item.text(), "\n");
    assert.deepEqual(item.elements()[1]?.children, ["Lovers"]);
  });

  it("cannot be built with names that XML does not allow", () => {
    for (const name of ["", "a b", "a:b", "1a", "a>", "a\ud800", "-a"]) {
      assert.throws(() => element(name, NS.client), TypeError, name);
      assert.throws(() => element("a", NS.client, { [name]: "x" }), TypeError, name);
    }
    for (const name of ["xmlns", "xmlns:a", "p:a", "xml:", "xml:a:b"]) {
      assert.throws(() => element("a", NS.client, { [name]: "x" }), TypeError, name);
    }
    assert.throws(() => element("a", NS.xmlns), TypeError);
    assert.ok(element("größe", NS.client, { "xml:lang": "de", __proto__x: "1" }) instanceof Element);
  });
});
