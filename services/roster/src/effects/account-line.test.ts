import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { AccountEffect, AccountEffects } from "@rollcall/contracts";
import type { BareJid } from "@rollcall/xmpp";
import { AccountLine } from "./account-line.ts";
import type { EffectPlan } from "./plan-effects.ts";

const juliet = "juliet@x.example" as BareJid;
const romeo = "romeo@x.example" as BareJid;

function push(version: number): AccountEffect {
  return { kind: "push-item", item: "<item/>", version: String(version), only: undefined };
}

function plan(revision: number, effects: readonly AccountEffect[], subscribed?: boolean): EffectPlan {
  return {
    owner: juliet,
    id: { origin: "n", session: 1, sequence: revision },
    revision,
    at: 0,
    steps: [{ kind: "account", effects }],
    replies: [],
    contact: subscribed === undefined ? undefined : { jid: romeo, subscribed },
  };
}

function setUp(fail?: (effects: AccountEffects) => Error | undefined) {
  const sent: string[] = [];
  const line = new AccountLine(async (_, message) => {
    sent.push(
      `${message.revision}: ${message.effects.map((effect) => ("version" in effect ? effect.version : effect.kind)).join(" ")}`,
    );
    const failure = fail?.(message);
    if (failure !== undefined) throw failure;
  });
  return { line, sent };
}

describe("the effects of one account", () => {
  test("leave in the order of the writes, also where a later plan is ready first", async () => {
    const { line, sent } = setUp();
    const presence: AccountEffect = { kind: "send-presence-to-contact", contact: romeo };
    const first = [push(1), presence];
    const second = [push(2)];
    const early = line.enter(plan(1, first, true));
    const late = line.enter(plan(2, second));
    await line.send(late, second);
    assert.deepEqual(sent, ["1: 1", "2: 2"], "presence waits for its own turn");
    await line.send(early, first);
    assert.deepEqual(sent.slice(2), ["1: send-presence-to-contact"]);
    line.leave(early);
    line.leave(late);
    assert.equal(line.size, 0);
  });

  test("presence is withheld from a contact that a later write has cut off", async () => {
    const { line, sent } = setUp();
    const effects: AccountEffect[] = [push(1), { kind: "send-presence-to-contact", contact: romeo }];
    const approval = line.enter(plan(1, effects, true));
    const cancellation = line.enter(plan(2, [push(2)], false));
    await line.send(cancellation, [push(2)]);
    await line.send(approval, effects);
    assert.deepEqual(sent, ["1: 1", "2: 2"]);
  });

  test("and not from one that a later write has left subscribed", async () => {
    const { line, sent } = setUp();
    const effects: AccountEffect[] = [{ kind: "send-presence-to-contact", contact: romeo }];
    const approval = line.enter(plan(1, effects, true));
    line.enter(plan(2, [push(2)], true));
    await line.send(approval, effects);
    assert.deepEqual(sent, ["1: send-presence-to-contact"]);
  });

  test("a failure of what was sent ahead is its own plan's", async () => {
    const { line } = setUp(({ revision }) => (revision === 1 ? new Error("gone") : undefined));
    const effects = [push(1)];
    const early = line.enter(plan(1, effects));
    const late = line.enter(plan(2, [push(2)]));
    await line.send(late, [push(2)]);
    await assert.rejects(line.send(early, effects), /gone/);
  });
});
