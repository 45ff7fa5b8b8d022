import assert from "node:assert/strict";
import { test } from "node:test";
import type { BareJid } from "@rollcall/xmpp";
import { type EffectPlan, editsBeside } from "./plan-effects.ts";

const romeo = "romeo@x.example" as BareJid;
const nurse = "nurse@x.example" as BareJid;

function planPushing(contact: BareJid | undefined, pushes: boolean): EffectPlan {
  const push = { kind: "push-item", item: "<item/>", version: "2", only: undefined } as const;
  return {
    owner: "juliet@x.example" as BareJid,
    id: { origin: "n", session: 1, sequence: 1 },
    revision: 2,
    at: 0,
    steps: [{ kind: "account", effects: pushes ? [push] : [] }],
    replies: [],
    contact: contact && { jid: contact, subscribed: false },
  };
}

test("an edit that is a plan's own change is told by the plan alone", () => {
  const edits = { contacts: [romeo, nurse], since: 1 };
  assert.deepEqual(editsBeside(edits, planPushing(romeo, true)), {
    contacts: [nurse],
    since: 1,
    granted: [],
    revoked: [],
  });
  assert.equal(editsBeside({ contacts: [romeo], since: 1 }, planPushing(romeo, true)), undefined);
});

test("edits are told where the plan says nothing of them", () => {
  const edits = { contacts: [romeo], since: 1 };
  assert.equal(editsBeside(edits, undefined), edits);
  assert.equal(editsBeside(edits, planPushing(romeo, false)), edits);
  assert.equal(editsBeside(edits, planPushing(undefined, true)), edits);
  assert.deepEqual(editsBeside(edits, planPushing(nurse, true))?.contacts, edits.contacts);
});
