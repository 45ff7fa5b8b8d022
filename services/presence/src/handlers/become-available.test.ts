import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { makeStanza } from "@rollcall/xmpp";
import { Stage } from "../testing/stage.ts";

const juliet = "juliet@example.com";
const romeo = "romeo@example.net";
const nurse = "nurse@example.com";
const at = "2023-11-14T22:13:20.000Z";
const delayed = (domain: string, stamp = at): string =>
  `<delay xmlns="urn:xmpp:delay" from="${domain}" stamp="${stamp}"/>`;

describe("initial presence", () => {
  it("comes back to the sender and goes to every subscriber", async () => {
    const stage = await Stage.open();
    stage.friends(juliet, romeo);
    stage.roster(juliet, nurse, "to");
    const orchard = await stage.online(`${romeo}/orchard`);
    const garden = await stage.online(`${romeo}/garden`, "<priority>-1</priority>");
    const kitchen = await stage.online(`${nurse}/kitchen`);
    orchard.take();

    const balcony = await stage.connect(`${juliet}/balcony`);
    await balcony.presence("<show>away</show>", { id: "p1" });
    await stage.settled();

    const toRomeo = `<presence from="${juliet}/balcony" to="${romeo}" id="p1"><show>away</show></presence>`;
    assert.deepEqual(orchard.take(), [toRomeo]);
    assert.deepEqual(garden.take(), [toRomeo]);
    assert.deepEqual(kitchen.take(), []);
    assert.equal(
      balcony.take()[0],
      `<presence from="${juliet}/balcony" to="${juliet}/balcony" id="p1"><show>away</show></presence>`,
    );
  });

  it("tells the new resource of the others and of the contacts, with the time of their presence", async () => {
    const stage = await Stage.open({ accounts: [nurse] });
    stage.friends(juliet, romeo);
    stage.friends(juliet, nurse);
    await stage.online(`${romeo}/orchard`, "<status>here</status>");
    const chamber = await stage.online(`${juliet}/chamber`);
    stage.advance(60_000);

    const balcony = await stage.connect(`${juliet}/balcony`);
    await balcony.presence();
    await stage.settled();

    assert.deepEqual(balcony.take(), [
      `<presence from="${juliet}/balcony" to="${juliet}/balcony"/>`,
      `<presence from="${juliet}/chamber" to="${juliet}/balcony">${delayed("example.com")}</presence>`,
      `<presence from="${romeo}/orchard" to="${juliet}/balcony"><status>here</status>${delayed("example.net")}</presence>`,
      `<presence from="${nurse}" to="${juliet}/balcony" type="unavailable"/>`,
    ]);
    assert.deepEqual(chamber.take(), [`<presence from="${juliet}/balcony" to="${juliet}/chamber"/>`]);
  });

  it("shows the new resource every pending subscription request", async () => {
    const stage = await Stage.open();
    const request = makeStanza("presence", {
      type: "subscribe",
      from: romeo,
      to: juliet,
      payload: "<status>Please</status>",
    });
    stage.pending(juliet, request);
    for (const resource of ["balcony", "chamber"]) {
      const client = await stage.connect(`${juliet}/${resource}`);
      await client.presence();
      await stage.settled();
      assert.ok(
        client
          .take()
          .includes(
            `<presence from="${romeo}" to="${juliet}" type="subscribe"><status>Please</status></presence>`,
          ),
      );
    }
  });

  it("corrects a priority that is out of range, for the sender and for the contacts", async () => {
    const stage = await Stage.open();
    stage.friends(juliet, romeo);
    const orchard = await stage.online(`${romeo}/orchard`);
    const balcony = await stage.connect(`${juliet}/balcony`);
    await balcony.presence("<priority>1000</priority>");
    await stage.settled();
    assert.match(balcony.take()[0] ?? "", /<priority>127<\/priority>/);
    assert.match(orchard.take()[0] ?? "", /<priority>127<\/priority>/);
  });

  it("asks for the roster once, ahead when the client is interested", async () => {
    const stage = await Stage.open();
    const balcony = await stage.connect(`${juliet}/balcony`);
    await balcony.requestRoster();
    assert.deepEqual(stage.questions, [`view ${juliet}`]);
    await balcony.presence();
    await stage.online(`${juliet}/chamber`);
    assert.deepEqual(stage.questions, [`view ${juliet}`]);
  });

  it("is refused with a wait error when the roster is not to be had", async () => {
    const stage = await Stage.open({ settings: { "presence.roster_timeout_ms": 100 } });
    stage.rosterDelay = Promise.reject(new Error("no Riak"));
    stage.rosterDelay.catch(() => {});
    const balcony = await stage.connect(`${juliet}/balcony`);
    await balcony.presence("", { id: "p1" });
    await stage.settled();
    const [error] = balcony.take();
    assert.match(
      error ?? "",
      /^<presence to="juliet@example.com\/balcony" type="error" id="p1"><error type="wait">/,
    );
    assert.match(error ?? "", /resource-constraint/);
  });

  it("starts a new presence session after unavailable presence", async () => {
    const stage = await Stage.open();
    stage.friends(juliet, romeo);
    const orchard = await stage.online(`${romeo}/orchard`);
    const balcony = await stage.online(`${juliet}/balcony`);
    await balcony.unavailable();
    await stage.settled();
    balcony.take();
    await balcony.presence();
    await stage.settled();
    assert.equal(balcony.take().length, 2, "the reflection and the answer to the probe");
    assert.equal(orchard.take().length, 3);
  });
});

describe("subsequent presence", () => {
  it("goes to the sender, its other resources and the subscribers, without another probe", async () => {
    const stage = await Stage.open();
    stage.friends(juliet, romeo);
    const orchard = await stage.online(`${romeo}/orchard`, "", "node-2");
    const balcony = await stage.online(`${juliet}/balcony`);
    const chamber = await stage.online(`${juliet}/chamber`);
    for (const client of [orchard, balcony]) client.take();

    await balcony.presence("<show>dnd</show>");
    await stage.settled();
    const shown = (to: string): string =>
      `<presence from="${juliet}/balcony" to="${to}"><show>dnd</show></presence>`;
    assert.deepEqual(balcony.take(), [shown(`${juliet}/balcony`)]);
    assert.deepEqual(chamber.take(), [shown(`${juliet}/chamber`)]);
    assert.deepEqual(orchard.take(), [shown(romeo)]);
  });
});

describe("unavailable presence", () => {
  it("is broadcast as it was sent, and comes back to the sender", async () => {
    const stage = await Stage.open();
    stage.friends(juliet, romeo);
    const orchard = await stage.online(`${romeo}/orchard`);
    const balcony = await stage.online(`${juliet}/balcony`);
    orchard.take();
    await balcony.unavailable("<status>bye</status>");
    await stage.settled();
    const gone = (to: string): string =>
      `<presence from="${juliet}/balcony" to="${to}" type="unavailable"><status>bye</status></presence>`;
    assert.deepEqual(orchard.take(), [gone(romeo)]);
    assert.deepEqual(balcony.take(), [gone(`${juliet}/balcony`)]);

    await balcony.end();
    await stage.settled();
    assert.deepEqual(orchard.take(), []);
  });

  it("is said in the name of a session that ends, exactly once", async () => {
    const stage = await Stage.open();
    stage.friends(juliet, romeo);
    const orchard = await stage.online(`${romeo}/orchard`);
    const balcony = await stage.online(`${juliet}/balcony`);
    const chamber = await stage.online(`${juliet}/chamber`);
    orchard.take();
    await balcony.end();
    await balcony.end();
    await stage.settled();
    const gone = (to: string): string => `<presence from="${juliet}/balcony" to="${to}" type="unavailable"/>`;
    assert.deepEqual(orchard.take(), [gone(romeo)]);
    assert.deepEqual(chamber.take(), [gone(`${juliet}/chamber`)]);
  });

  it("is not said for a session that was never available", async () => {
    const stage = await Stage.open();
    stage.friends(juliet, romeo);
    const orchard = await stage.online(`${romeo}/orchard`);
    const balcony = await stage.connect(`${juliet}/balcony`);
    await balcony.unavailable();
    await balcony.end();
    await stage.settled();
    assert.deepEqual(orchard.take(), []);
  });
});

describe("memory", () => {
  it("holds nothing of an account whose sessions have ended", async () => {
    const stage = await Stage.open();
    stage.friends(juliet, romeo);
    const balcony = await stage.online(`${juliet}/balcony`);
    const orchard = await stage.online(`${romeo}/orchard`);
    assert.equal(stage.service.counters.rostersHeld, 2);
    await balcony.end();
    await orchard.end();
    await stage.settled();
    const { accounts, sessions, availableSessions, rostersHeld } = stage.service.counters;
    assert.deepEqual(
      { accounts, sessions, availableSessions, rostersHeld },
      {
        accounts: 0,
        sessions: 0,
        availableSessions: 0,
        rostersHeld: 0,
      },
    );
  });
});
