import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { channels } from "@rollcall/contracts";
import type { BareJid } from "@rollcall/xmpp";
import { FakeCluster } from "../testing/fake-cluster.ts";
import { Stage } from "../testing/stage.ts";

const juliet = "juliet@example.com";
const romeo = "romeo@example.net";
const at = "2023-11-14T22:13:20.000Z";
const delay = `<delay xmlns="urn:xmpp:delay" from="example.com" stamp="${at}"/>`;

describe("a probe for an account", () => {
  it("is answered to a subscriber with the presence of every available resource, original id and time", async () => {
    const stage = await Stage.open();
    stage.roster(juliet, romeo, "from");
    await stage.connect(`${juliet}/pantry`);
    const chamber = await stage.connect(`${juliet}/chamber`);
    await chamber.presence("<show>xa</show>", { id: "c1" });
    await stage.online(`${juliet}/balcony`);
    const orchard = await stage.online(`${romeo}/orchard`);
    await orchard.directed(juliet, "probe");
    await stage.settled();
    assert.deepEqual(orchard.take(), [
      `<presence from="${juliet}/chamber" to="${romeo}/orchard" id="c1"><show>xa</show>${delay}</presence>`,
      `<presence from="${juliet}/balcony" to="${romeo}/orchard">${delay}</presence>`,
    ]);
    assert.ok(!stage.questions.some((question) => question.startsWith(`contact ${juliet}`)));
  });

  it("is answered with the last unavailable presence when nobody is there, with the id of the probe", async () => {
    const stage = await Stage.open();
    stage.roster(juliet, romeo, "from");
    const balcony = await stage.online(`${juliet}/balcony`);
    await balcony.unavailable("<status>asleep</status>");
    await balcony.end();
    const orchard = await stage.online(`${romeo}/orchard`);
    stage.advance(5_000);
    await orchard.send("presence", juliet, { type: "probe", id: "q9" });
    await stage.settled();
    assert.deepEqual(orchard.take(), [
      `<presence from="${juliet}" to="${romeo}/orchard" type="unavailable" id="q9"><status>asleep</status>${delay}</presence>`,
    ]);
  });

  it("is answered with plain unavailable when nothing is known", async () => {
    const stage = await Stage.open({ accounts: [juliet] });
    stage.roster(juliet, romeo, "both");
    const orchard = await stage.online(`${romeo}/orchard`);
    await orchard.send("presence", juliet, { type: "probe", id: "q1" });
    await stage.settled();
    assert.deepEqual(orchard.take(), [
      `<presence from="${juliet}" to="${romeo}/orchard" type="unavailable" id="q1"/>`,
    ]);
  });

  it("is answered with unsubscribed, for the roster of the prober, by strangers and missing accounts alike", async () => {
    const stage = await Stage.open();
    stage.roster(juliet, romeo, "none");
    await stage.online(`${juliet}/balcony`);
    const orchard = await stage.online(`${romeo}/orchard`);
    for (const contact of [juliet, "nobody@example.com", `${juliet}/balcony`, `${juliet}/none`]) {
      await orchard.send("presence", contact, { type: "probe", id: "q1" });
    }
    await stage.settled();
    assert.deepEqual(orchard.take(), []);
    const told = stage.subscriptions.map(
      ({ stanza }) => `${stanza.type} ${stanza.from} ${stanza.to} ${stanza.id}`,
    );
    assert.deepEqual(told.sort(), [
      `unsubscribed ${juliet} ${romeo} q1`,
      `unsubscribed ${juliet} ${romeo} q1`,
      `unsubscribed ${juliet} ${romeo} q1`,
      `unsubscribed nobody@example.com ${romeo} q1`,
    ]);
    const sequences = stage.subscriptions.map(({ id }) => id.sequence);
    assert.equal(new Set(sequences).size, sequences.length);
  });

  it("made by the server for somebody who logs in leaves the roster alone where the contact does not know of it", async () => {
    const stage = await Stage.open();
    stage.roster(romeo, "nobody@example.com", "both");
    stage.roster(romeo, juliet, "to");
    await stage.online(`${juliet}/balcony`);
    const orchard = await stage.connect(`${romeo}/orchard`);
    await orchard.presence();
    await stage.settled();
    assert.deepEqual(orchard.take(), [`<presence from="${romeo}/orchard" to="${romeo}/orchard"/>`]);
    assert.deepEqual(stage.subscriptions, []);
    assert.equal(stage.service.counters.probesRefused, 2);
  });

  it("has no effect on the prober where the operator says so", async () => {
    const stage = await Stage.open({ settings: { "presence.unauthorised_probe": "ignore" } });
    const orchard = await stage.online(`${romeo}/orchard`);
    await orchard.send("presence", juliet, { type: "probe" });
    await stage.settled();
    assert.deepEqual(stage.subscriptions, []);
  });

  it("is not answered at all when the roster cannot be asked", async () => {
    const stage = await Stage.open();
    const orchard = await stage.online(`${romeo}/orchard`);
    stage.rosterDelay = Promise.reject(new Error("no Riak"));
    stage.rosterDelay.catch(() => {});
    await orchard.send("presence", juliet, { type: "probe" });
    await stage.settled();
    assert.deepEqual(stage.subscriptions, []);
    assert.equal(stage.service.counters.probesUnanswered, 1);
  });
});

describe("a probe for somebody whose owner is another process", () => {
  it("is answered by way of that owner, as the contact's presence is, so that no old answer comes after it", async () => {
    const stage = await Stage.open({ cluster: new FakeCluster(), accounts: [juliet, romeo] });
    stage.roster(juliet, romeo, "from");
    await stage.online(`${juliet}/balcony`);
    const { publish } = stage.repeatingBus;
    const sent: string[] = [];
    Object.assign(stage.repeatingBus, {
      publish: ((channel, key, payload, options) => {
        sent.push(`${channel.name} ${key} ${JSON.stringify(options?.actingFor)}`);
        return publish.call(stage.repeatingBus, channel, key, payload, options);
      }) satisfies typeof publish,
    });
    await stage.bus.multicast(channels.fanOut, [juliet], {
      kind: "probe",
      prober: romeo as BareJid,
      replyTo: { node: "node-9", session: 5 },
      replyAddress: `${romeo}/orchard`,
      id: undefined,
    });
    await stage.settled();
    const by = { address: "presence-owner", account: juliet };
    assert.deepEqual(sent, [`${channels.deliver.name} ${romeo} ${JSON.stringify(by)}`]);
  });
});

describe("a probe for a full JID", () => {
  it("is answered to a subscriber with that resource only, and no details", async () => {
    const stage = await Stage.open();
    stage.roster(juliet, romeo, "both");
    await stage.online(`${juliet}/chamber`);
    const balcony = await stage.connect(`${juliet}/balcony`);
    await balcony.presence("<show>away</show>", { id: "b1" });
    const orchard = await stage.online(`${romeo}/orchard`);
    await orchard.send("presence", `${juliet}/balcony`, { type: "probe", id: "q1" });
    await orchard.send("presence", `${juliet}/none`, { type: "probe", id: "q2" });
    await stage.settled();
    assert.deepEqual(orchard.take(), [
      `<presence from="${juliet}/balcony" to="${romeo}/orchard" id="b1"/>`,
      `<presence from="${juliet}/none" to="${romeo}/orchard" type="unavailable" id="q2"/>`,
    ]);
  });

  it("is answered with mere availability to somebody who was sent directed presence", async () => {
    const stage = await Stage.open();
    const balcony = await stage.connect(`${juliet}/balcony`);
    await stage.online(`${juliet}/chamber`);
    const orchard = await stage.connect(`${romeo}/orchard`);
    await balcony.directed(`${romeo}/orchard`, undefined, "<show>chat</show>");
    await stage.settled();
    orchard.take();
    await orchard.send("presence", `${juliet}/balcony`, { type: "probe", id: "q1" });
    await orchard.send("presence", `${juliet}/chamber`, { type: "probe", id: "q2" });
    await stage.settled();
    assert.deepEqual(orchard.take(), [`<presence from="${juliet}/balcony" to="${romeo}/orchard"/>`]);
    assert.equal(stage.subscriptions.length, 1);
  });
});
