import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { disagreements, RosterHistory, repeated } from "./roster-history.ts";

function changed(value: string): RosterHistory {
  const history = new RosterHistory();
  history.observeVersion("romeo", "5");
  history.intend("romeo: juliet", value);
  history.acknowledge("romeo: juliet", "romeo");
  return history;
}

describe("the history of a roster", () => {
  test("accepts what was acknowledged, and what was under way", () => {
    assert.deepEqual(changed("Juliet").observe("romeo: juliet", "Juliet"), []);
    const history = changed("Juliet");
    history.intend("romeo: juliet", "Capulet");
    assert.deepEqual(history.observe("romeo: juliet", "Capulet"), []);
    assert.deepEqual(history.observe("romeo: juliet", "Capulet"), []);
  });

  test("sees a lost change, also one that was replaced by an older or a foreign value", () => {
    assert.equal(changed("Juliet").observe("romeo: juliet", "absent").length, 1);
    const history = changed("Juliet");
    history.intend("romeo: juliet", "Capulet");
    history.acknowledge("romeo: juliet", "romeo");
    assert.equal(history.observe("romeo: juliet", "Juliet").length, 1);
    assert.equal(changed("Juliet").observe("romeo: juliet", "Rosaline").length, 1);
  });

  test("sees a removal that came back", () => {
    const history = changed("Juliet");
    history.intend("romeo: juliet", "absent");
    history.acknowledge("romeo: juliet", "romeo");
    assert.equal(history.observe("romeo: juliet", "Juliet").length, 1);
  });

  test("a change that once was undone by the server may not return", () => {
    const history = changed("Juliet");
    history.intend("romeo: juliet", "Capulet");
    assert.deepEqual(history.observe("romeo: juliet", "Juliet"), []);
    assert.equal(history.observe("romeo: juliet", "Capulet").length, 1);
  });

  test("sees a version that goes back, and one that missed changes", () => {
    assert.equal(changed("Juliet").observeVersion("romeo", "4").length, 1);
    assert.equal(changed("Juliet").observeVersion("romeo", "5").length, 1);
    assert.deepEqual(changed("Juliet").observeVersion("romeo", "6"), []);
  });

  test("sees a contact that is there more than once, and says so once", () => {
    assert.deepEqual(repeated("romeo", ["juliet", "nurse", "juliet", "juliet"]), [
      "romeo has juliet more than once",
    ]);
    assert.deepEqual(repeated("romeo", ["juliet", "nurse"]), []);
  });

  test("sees half a subscription, in either direction, and a request that waits for ever", () => {
    const pair = { subscriber: "romeo", contact: "juliet", asks: false };
    assert.equal(disagreements([{ ...pair, here: "to", there: "none" }]).length, 1);
    assert.equal(disagreements([{ ...pair, here: "none", there: "both" }]).length, 1);
    assert.equal(disagreements([{ ...pair, here: "none", there: "none", asks: true }]).length, 1);
    assert.deepEqual(disagreements([{ ...pair, here: "both", there: "from" }]), []);
  });
});
