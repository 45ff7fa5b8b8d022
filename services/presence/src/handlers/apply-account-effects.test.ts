import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { BareJid } from "@rollcall/xmpp";
import { makeStanza } from "@rollcall/xmpp";
import { Stage } from "../testing/stage.ts";

const juliet = "juliet@example.com" as BareJid;
const romeo = "romeo@example.net" as BareJid;
const at = "2023-11-14T22:13:20.000Z";

describe("the answer to a roster iq", () => {
  it("reaches the session that asked and makes it interested in pushes", async () => {
    const stage = await Stage.open();
    const balcony = await stage.connect(`${juliet}/balcony`);
    const chamber = await stage.connect(`${juliet}/chamber`);
    const item = `<item jid="${romeo}" subscription="none"/>`;
    const push = { kind: "push-item", item, version: "7", only: undefined } as const;
    await stage.effects(juliet, 11, push);
    await stage.effects(juliet, 11, {
      kind: "answer-session",
      session: balcony.session,
      stanza: makeStanza("iq", { type: "result", id: "r1", to: balcony.jid }),
      interestedFrom: "1",
    });
    await stage.effects(juliet, 12, push, push);
    await stage.settled();
    const pushed = (id: string): string =>
      `<iq to="${juliet}/balcony" type="set" id="${id}"><query xmlns="jabber:iq:roster" ver="7">${item}</query></iq>`;
    assert.deepEqual(balcony.take(), [
      `<iq to="${juliet}/balcony" type="result" id="r1"/>`,
      pushed("push-1"),
      pushed("push-2"),
    ]);
    assert.deepEqual(chamber.take(), []);
  });

  it("may be followed by pushes for that session only", async () => {
    const stage = await Stage.open();
    const balcony = await stage.connect(`${juliet}/balcony`);
    const chamber = await stage.connect(`${juliet}/chamber`);
    await balcony.requestRoster();
    await chamber.requestRoster();
    await stage.effects(juliet, 11, {
      kind: "push-item",
      item: "<item/>",
      version: "2",
      only: chamber.session,
    });
    await stage.settled();
    assert.equal(balcony.take().length, 0);
    assert.equal(chamber.take().length, 1);
  });

  it("is lost with its session and nobody else gets it", async () => {
    const stage = await Stage.open();
    const balcony = await stage.connect(`${juliet}/balcony`);
    const chamber = await stage.connect(`${juliet}/chamber`);
    await balcony.end();
    await stage.effects(juliet, 11, {
      kind: "answer-session",
      session: balcony.session,
      stanza: makeStanza("iq", { type: "result", id: "r1", to: balcony.jid }),
      interestedFrom: "1",
    });
    await stage.settled();
    assert.deepEqual([...balcony.take(), ...chamber.take()], []);
  });
});

describe("subscription stanzas", () => {
  it("go to interested sessions, requests to available ones, with their `to` unchanged", async () => {
    const stage = await Stage.open();
    const balcony = await stage.online(`${juliet}/balcony`);
    const chamber = await stage.connect(`${juliet}/chamber`);
    await chamber.requestRoster();
    const subscribed = makeStanza("presence", { type: "subscribed", from: romeo, to: juliet });
    const subscribe = makeStanza("presence", { type: "subscribe", from: romeo, to: juliet });
    await stage.effects(
      juliet,
      11,
      { kind: "deliver-to-interested", stanza: subscribed },
      { kind: "deliver-to-available", stanza: subscribe },
    );
    await stage.settled();
    assert.deepEqual(chamber.take(), [`<presence from="${romeo}" to="${juliet}" type="subscribed"/>`]);
    assert.deepEqual(balcony.take(), [`<presence from="${romeo}" to="${juliet}" type="subscribe"/>`]);
  });
});

describe("a subscription request", () => {
  it("that comes again is not told again to sessions that know of it", async () => {
    const stage = await Stage.open();
    const balcony = await stage.online(`${juliet}/balcony`);
    const request = makeStanza("presence", { type: "subscribe", from: romeo, to: juliet });
    const asks = (revision: number) =>
      stage.effects(
        juliet,
        revision,
        {
          kind: "contact-changed",
          view: { contact: romeo, subscription: "none", inRoster: false },
          pendingRequest: request,
        },
        { kind: "deliver-to-available", stanza: request },
      );
    await asks(11);
    await stage.settled();
    assert.equal(balcony.take().length, 1);
    const chamber = await stage.connect(`${juliet}/chamber`);
    await chamber.presence();
    await stage.settled();
    assert.equal(chamber.take().filter((xml) => xml.includes("subscribe")).length, 1);
    balcony.take();
    await asks(11);
    await stage.settled();
    assert.deepEqual([...balcony.take(), ...chamber.take()], []);
  });

  it("that is made anew after it was withdrawn is told", async () => {
    const stage = await Stage.open();
    const balcony = await stage.online(`${juliet}/balcony`);
    const request = makeStanza("presence", { type: "subscribe", from: romeo, to: juliet });
    const view = { contact: romeo, subscription: "none", inRoster: false } as const;
    for (const revision of [11, 13]) {
      await stage.effects(
        juliet,
        revision,
        { kind: "contact-changed", view, pendingRequest: request },
        { kind: "deliver-to-available", stanza: request },
      );
      await stage.effects(juliet, revision + 1, { kind: "contact-changed", view, pendingRequest: undefined });
    }
    await stage.settled();
    assert.equal(balcony.take().length, 2);
  });
});

describe("a contact that changed", () => {
  it("gets broadcasts from then on, or no more", async () => {
    const stage = await Stage.open();
    const orchard = await stage.online(`${romeo}/orchard`);
    const balcony = await stage.online(`${juliet}/balcony`);
    const change = (subscription: "from" | "none") =>
      ({
        kind: "contact-changed",
        view: { contact: romeo, subscription, inRoster: true },
        pendingRequest: undefined,
      }) as const;
    await stage.effects(juliet, 11, change("from"), { kind: "send-presence-to-contact", contact: romeo });
    await balcony.presence("<show>away</show>");
    await stage.effects(juliet, 12, change("none"), { kind: "send-unavailable-to-contact", contact: romeo });
    await balcony.presence("<show>dnd</show>");
    await balcony.end();
    await stage.settled();
    assert.deepEqual(orchard.take(), [
      `<presence from="${juliet}/balcony" to="${romeo}"><delay xmlns="urn:xmpp:delay" from="example.com" stamp="${at}"/></presence>`,
      `<presence from="${juliet}/balcony" to="${romeo}"><show>away</show></presence>`,
      `<presence from="${juliet}/balcony" to="${romeo}" type="unavailable"/>`,
    ]);
  });

  it("is not taken back by an older effect that comes again", async () => {
    const stage = await Stage.open();
    stage.roster(juliet, romeo, "from");
    const orchard = await stage.online(`${romeo}/orchard`);
    const balcony = await stage.online(`${juliet}/balcony`);
    orchard.take();
    await stage.effects(juliet, 10, {
      kind: "contact-changed",
      view: { contact: romeo, subscription: "none", inRoster: false },
      pendingRequest: undefined,
    });
    await balcony.presence();
    await stage.settled();
    assert.equal(orchard.take().length, 1);
    assert.equal(stage.service.counters.effectsSkipped, 1);
  });

  it("is not lost when it overtakes the roster that is being asked for", async () => {
    const stage = await Stage.open();
    const orchard = await stage.online(`${romeo}/orchard`);
    const balcony = await stage.connect(`${juliet}/balcony`);
    let answer = (): void => {};
    stage.rosterDelay = new Promise((resolve) => {
      answer = resolve;
    });
    await stage.effects(juliet, 10, {
      kind: "answer-session",
      session: balcony.session,
      stanza: makeStanza("iq", { type: "result", id: "r1", to: balcony.jid }),
      interestedFrom: "1",
    });
    await stage.effects(juliet, 11, {
      kind: "contact-changed",
      view: { contact: romeo, subscription: "both", inRoster: true },
      pendingRequest: undefined,
    });
    answer();
    await balcony.presence();
    await stage.settled();
    assert.equal(orchard.take().length, 1);
  });

  it("with a pending request is shown to the next resource, and not after the request is gone", async () => {
    const stage = await Stage.open();
    await stage.online(`${juliet}/balcony`);
    const view = { contact: romeo, subscription: "none", inRoster: false } as const;
    const pendingRequest = makeStanza("presence", { type: "subscribe", from: romeo, to: juliet });
    await stage.effects(juliet, 11, { kind: "contact-changed", view, pendingRequest });
    const chamber = await stage.connect(`${juliet}/chamber`);
    await chamber.presence();
    await stage.settled();
    assert.ok(chamber.take().includes(`<presence from="${romeo}" to="${juliet}" type="subscribe"/>`));
    await stage.effects(juliet, 12, { kind: "contact-changed", view, pendingRequest: undefined });
    const pantry = await stage.connect(`${juliet}/pantry`);
    await pantry.presence();
    await stage.settled();
    assert.ok(!pantry.take().some((xml) => xml.includes("subscribe")));
  });

  it("whose subscription is cancelled gets unavailable presence once, directed presence or not", async () => {
    const stage = await Stage.open();
    stage.roster(juliet, romeo, "from");
    const orchard = await stage.online(`${romeo}/orchard`);
    const balcony = await stage.online(`${juliet}/balcony`);
    await balcony.directed(`${romeo}/orchard`);
    await stage.settled();
    orchard.take();
    await stage.effects(
      juliet,
      11,
      { kind: "send-unavailable-to-contact", contact: romeo },
      {
        kind: "contact-changed",
        view: { contact: romeo, subscription: "none", inRoster: true },
        pendingRequest: undefined,
      },
    );
    await balcony.end();
    await stage.settled();
    assert.deepEqual(orchard.take(), [
      `<presence from="${juliet}/balcony" to="${romeo}" type="unavailable"/>`,
    ]);
  });
});

describe("an account that was removed", () => {
  it("loses its sessions and its offline messages", async () => {
    const stage = await Stage.open({ accounts: [romeo] });
    stage.friends(juliet, romeo);
    const balcony = await stage.online(`${juliet}/balcony`, "<priority>-1</priority>");
    const orchard = await stage.online(`${romeo}/orchard`);
    await orchard.chat(juliet, "hi");
    await balcony.directed("paris@example.com");
    assert.equal((await stage.offlineStore.read(juliet)).length, 1);
    await stage.settled();
    orchard.take();
    balcony.take();
    await stage.effects(juliet, 11, { kind: "account-removed" });
    await stage.settled();
    assert.deepEqual(balcony.take(), ["closed: not-authorized"]);
    assert.equal((await stage.offlineStore.read(juliet)).length, 0);
    assert.equal(orchard.take().length, 1);
    assert.equal(stage.service.counters.sessions, 1);
  });
});
