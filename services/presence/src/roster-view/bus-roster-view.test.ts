import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Bus } from "@rollcall/bus";
import type { BareJid } from "@rollcall/xmpp";
import { PresenceCounters } from "../counters.ts";
import { BusRosterViews } from "./bus-roster-view.ts";

const juliet = "juliet@example.com" as BareJid;
const romeo = "romeo@example.com" as BareJid;
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function open(concurrency: number) {
  const asked: { readonly key: string; answer(value: unknown): void; fail(): void }[] = [];
  const bus = {
    request: (_channel: unknown, key: string) =>
      new Promise((resolve, reject) =>
        asked.push({ key, answer: resolve, fail: () => reject(new Error("no answer")) }),
      ),
  } as Pick<Bus, "request">;
  const counters = new PresenceCounters();
  return { asked, counters, views: new BusRosterViews({ bus, counters, concurrency }) };
}

describe("questions about rosters", () => {
  it("that are the same and under way share one answer", async () => {
    const { asked, views } = open(8);
    const answers = Promise.all([views.contact(juliet, romeo), views.contact(juliet, romeo)]);
    await settled();
    assert.equal(asked.length, 1);
    const answer = { exists: true, inRoster: true, subscription: "both" } as const;
    asked[0]?.answer(answer);
    assert.deepEqual(await answers, [answer, answer]);
    views.contact(juliet, romeo).catch(() => {});
    await settled();
    assert.equal(asked.length, 2);
  });

  it("wait for their turn, and a failed one gives its turn on", async () => {
    const { asked, counters, views } = open(2);
    const failing = views.contact(juliet, romeo);
    const second = views.view(juliet);
    const third = views.contact(romeo, juliet);
    await settled();
    assert.equal(asked.length, 2);
    asked[0]?.fail();
    await assert.rejects(failing, /no answer/);
    await settled();
    assert.equal(asked.length, 3);
    asked[1]?.answer("view");
    asked[2]?.answer("contact");
    assert.deepEqual([await second, await third], ["view", "contact"]);
    assert.equal(counters.rosterQuestions, 3);
    assert.equal(counters.rosterQuestionsFailed, 1);
  });
});
