import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { channels, type PresenceAdminAnswer } from "@rollcall/contracts";
import type { BareJid } from "@rollcall/xmpp";
import { START, Stage } from "../testing/stage.ts";

const juliet = "juliet@example.com" as BareJid;
const romeo = "romeo@example.net" as BareJid;

function ask(stage: Stage, account: BareJid, contact?: BareJid): Promise<PresenceAdminAnswer> {
  const question = { kind: "sessions", ...(contact === undefined ? {} : { contact }) } as const;
  return stage.bus.request(channels.presenceAdmin, account, question);
}

describe("an operator who asks about an account", () => {
  it("sees what is shown of it, and no status text", async () => {
    const stage = await Stage.open();
    stage.friends(juliet, romeo);
    await stage.online(`${juliet}/balcony`, "<show> dnd </show><status>with a friend</status>");
    await stage.online(`${juliet}/chamber`, "<show>chatty</show>");
    await stage.connect(`${juliet}/garden`);
    const answer = await ask(stage, juliet);
    assert.deepEqual(
      answer.sessions.map(({ available, presenceAt, resource, show }) => ({
        available,
        presenceAt,
        resource,
        show,
      })),
      [
        { available: true, presenceAt: START, resource: "balcony", show: "dnd" },
        { available: true, presenceAt: START, resource: "chamber", show: undefined },
        { available: false, presenceAt: undefined, resource: "garden", show: undefined },
      ],
    );
    assert.doesNotMatch(JSON.stringify(answer), /friend/);
  });

  it("learns whether a contact is told, by subscription or by directed presence", async () => {
    const stage = await Stage.open({ accounts: [juliet, romeo, "nurse@example.com"] });
    stage.friends(juliet, romeo);
    const balcony = await stage.online(`${juliet}/balcony`);
    assert.deepEqual(
      [(await ask(stage, juliet, romeo)).tellsContact, (await ask(stage, juliet)).tellsContact],
      [true, undefined],
    );
    const nurse = "nurse@example.com" as BareJid;
    await balcony.directed(`${nurse}/kitchen`);
    await stage.settled();
    const { sessions, tellsContact } = await ask(stage, juliet, nurse);
    assert.deepEqual([tellsContact, sessions[0]?.directed], [false, true]);
    assert.equal((await ask(stage, juliet, "nurse@example.co" as BareJid)).sessions[0]?.directed, false);
  });

  it("learns when it went offline", async () => {
    const stage = await Stage.open();
    stage.friends(juliet, romeo);
    const balcony = await stage.online(`${juliet}/balcony`);
    stage.advance(5_000);
    await balcony.unavailable();
    await balcony.end();
    assert.deepEqual(await ask(stage, juliet), { sessions: [], lastUnavailableAt: START + 5_000 });
    assert.equal((await ask(stage, juliet, romeo)).tellsContact, undefined);
  });
});
