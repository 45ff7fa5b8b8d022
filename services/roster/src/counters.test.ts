import assert from "node:assert/strict";
import { test } from "node:test";
import { StoreUnavailableError } from "@rollcall/accounts";
import type { RosterCounters } from "./counters.ts";
import { createMemoryRosterStore } from "./store/memory-roster-store.ts";
import { openStage, people, type RosterStage, type StageOptions } from "./testing/roster-stage.ts";

const [juliet, romeo] = people;

async function withStage(options: StageOptions, story: (stage: RosterStage) => Promise<void>): Promise<void> {
  const stage = await openStage(options);
  try {
    await story(stage);
  } finally {
    await stage.close();
  }
}

/** What was asked and how it ended, without what never happened. */
function ended({ operations }: RosterCounters): Record<string, number> {
  const found: Record<string, number> = {};
  for (const [i, { operation, outcome }] of operations.series.entries()) {
    const count = operations.values[i] ?? 0;
    if (count > 0) found[`${operation} ${outcome}`] = count;
  }
  return found;
}

test("operations are counted by what was asked and how it ended", () =>
  withStage({ settings: { "roster.max_items": 1 } }, async (stage) => {
    await stage.rosterSet(juliet, `<item jid="${romeo}"/>`);
    await stage.rosterSet(juliet, `<item jid="nurse@x.example"/>`);
    await stage.rosterSet(juliet, `<item jid="${romeo}" subscription="remove"/>`);
    await stage.rosterSet(juliet, `<item jid="${romeo}" subscription="remove"/>`);
    await stage.rosterSet(juliet, `<item/>`);
    await stage.rosterGet(juliet);
    await stage.view(juliet);
    await stage.admin(juliet, { kind: "show" });
    await stage.admin(juliet, { kind: "import", contacts: { "a@b/c": {} } });
    assert.deepEqual(ended(stage.service.counters), {
      "get done": 1,
      "set done": 1,
      "set refused": 2,
      "remove done": 1,
      "remove refused": 1,
      "view done": 1,
      "admin done": 1,
      "admin refused": 1,
    });
  }));

test("a subscription counts at both rosters", () =>
  withStage({}, async (stage) => {
    await stage.presence(juliet, "subscribe", romeo);
    await stage.presence(juliet, "subscribe", "tybalt@elsewhere.example");
    await stage.presence(juliet, "subscribe", "nobody@x.example");
    assert.deepEqual(ended(stage.service.counters), {
      "outbound_subscription done": 2,
      "outbound_subscription refused": 1,
      "inbound_subscription done": 1,
      "inbound_subscription refused": 1,
    });
  }));

test("what the store fails has failed, though the session got its answer", () => {
  const store = createMemoryRosterStore();
  store.update = () => Promise.reject(new StoreUnavailableError("away"));
  return withStage({ store }, async (stage) => {
    await stage.rosterSet(juliet, `<item jid="${romeo}"/>`);
    assert.match(stage.answers(juliet).join(), /resource-constraint/);
    assert.deepEqual(ended(stage.service.counters), { "set failed": 1 });
  });
});

test("gets are told apart by how much of the roster they have to send", () =>
  withStage({}, async (stage) => {
    const { counters } = stage.service;
    const forms = () => [counters.answersFull, counters.answersByPushes, counters.answersNotChanged];
    for (const name of ["romeo", "nurse", "tybalt"])
      await stage.rosterSet(juliet, `<item jid="${name}@x.example"/>`);
    await stage.rosterGet(juliet);
    assert.deepEqual(forms(), [1, 0, 0]);
    const version = /ver="(\d+)"/.exec(stage.answers(juliet).at(-1) ?? "")?.[1] ?? "";
    await stage.rosterGet(juliet, version);
    assert.deepEqual(forms(), [1, 0, 1]);
    await stage.rosterSet(juliet, `<item jid="nurse@x.example" name="Nurse"/>`);
    await stage.rosterGet(juliet, version);
    assert.deepEqual(forms(), [1, 1, 1]);
    assert.equal(counters.itemsPushed, 4, "what answers a get is no push to all");
  }));
