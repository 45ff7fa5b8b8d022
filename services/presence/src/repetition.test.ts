/** What clients see when a message is handled twice, by an owner and by the one after it. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { BusError } from "@rollcall/bus";
import { type AccountEffect, channels, type NodeDelivery } from "@rollcall/contracts";
import { type BareJid, makeStanza } from "@rollcall/xmpp";
import { FakeCluster } from "./testing/fake-cluster.ts";
import { Stage } from "./testing/stage.ts";

const juliet = "juliet@example.com";
const romeo = "romeo@example.net";

async function open() {
  const stage = await Stage.open({ cluster: new FakeCluster(), accounts: [juliet, romeo] });
  stage.friends(juliet, romeo);
  const balcony = await stage.online(`${juliet}/balcony`);
  const orchard = await stage.online(`${romeo}/orchard`);
  balcony.take();
  return { stage, balcony, orchard };
}

describe("a message that comes again", () => {
  it("is seen once, and so are an iq and an error", async () => {
    const { stage, balcony, orchard } = await open();
    await balcony.chat(romeo, "hi");
    await stage.repeatingBus.repeat(channels.deliver);
    await balcony.iq(`${romeo}/orchard`, "get", "query", "jabber:iq:version");
    await stage.repeatingBus.repeat(channels.deliver);
    await balcony.iq(`${romeo}/nowhere`, "get", "query", "jabber:iq:version");
    await stage.repeatingBus.repeat(channels.deliver);
    await stage.settled();
    assert.equal(orchard.take().length, 2);
    assert.equal(balcony.take().length, 1);
  });

  it("is kept offline once, and not delivered again after it was", async () => {
    const { stage, balcony, orchard } = await open();
    await orchard.unavailable();
    await stage.settled();
    balcony.take();
    orchard.take();
    await balcony.chat(romeo, "hi");
    await stage.repeatingBus.repeat(channels.deliver);
    assert.equal((await stage.offlineStore.read(romeo as BareJid)).length, 1);
    await orchard.presence();
    await stage.settled();
    await stage.repeatingBus.repeat(channels.deliver);
    await stage.settled();
    assert.equal(orchard.take().filter((xml) => xml.includes("hi")).length, 1);
  });
});

describe("presence that comes again", () => {
  it("is told once when it is unavailable, also where its handling is repeated", async () => {
    const { stage, balcony, orchard } = await open();
    await balcony.unavailable();
    await stage.repeatingBus.repeat(channels.fanOut);
    await stage.settled();
    assert.equal(orchard.take().length, 1);
  });

  it("is told once when it is available, to friends, own sessions and whom it was directed at", async () => {
    const { stage, balcony, orchard } = await open();
    const garden = await stage.online(`${juliet}/garden`);
    await stage.settled();
    for (const client of [balcony, orchard, garden]) client.take();
    await balcony.presence("<show>away</show>");
    await stage.repeatingBus.repeat(channels.fanOut);
    await stage.repeatingBus.repeat(channels.presenceCommands);
    await balcony.directed(orchard.jid, undefined, "<show>xa</show>");
    await stage.repeatingBus.repeat(channels.deliver);
    await stage.settled();
    assert.equal(garden.take().length, 1);
    assert.equal(orchard.take().length, 2);
  });

  it("is the same end of a session from the owner before and from this one", async () => {
    const { stage, balcony, orchard } = await open();
    const unacknowledged = balcony.report();
    await balcony.end();
    await stage.settled();
    balcony.hasEnded = false;
    balcony.report = () => unacknowledged;
    await stage.changeOwner(2);
    await balcony.end();
    await stage.settled();
    assert.equal(orchard.take().length, 1);
  });
});

/** Effects of the command with that number. */
function perform(stage: Stage, sequence: number) {
  const send = (...effects: readonly AccountEffect[]) =>
    stage.bus.publish(channels.presenceCommands, juliet, {
      kind: "account-effects",
      id: { origin: "node-1", session: 3, sequence },
      revision: 11,
      effects,
      at: stage.now,
    });
  return { send };
}

describe("effects that come again", () => {
  it("push, answer and deliver once, even when they are cut up in another way", async () => {
    const { stage, balcony } = await open();
    await balcony.requestRoster();
    const stanza = makeStanza("iq", { type: "result", id: "r2", to: balcony.jid });
    const request = makeStanza("presence", { type: "subscribe", from: "nurse@example.com", to: juliet });
    const answer: AccountEffect = {
      kind: "answer-session",
      session: balcony.session,
      stanza,
      interestedFrom: undefined,
    };
    const push = (version: string, item: string): AccountEffect => {
      return { kind: "push-item", item, version, only: undefined };
    };
    const before = '<item jid="a@b"/>';
    const deliver: AccountEffect = { kind: "deliver-to-available", stanza: request };
    const { send } = perform(stage, 8);
    await send(answer, push("1", before), deliver);
    await stage.repeatingBus.repeat(channels.presenceCommands);
    await send(push("1", before), answer);
    await send(push("1", before), deliver);
    await stage.settled();
    assert.equal(balcony.take().length, 3);
    await send(push("2", '<item jid="a@b" name="A"/>'));
    await stage.settled();
    assert.equal(balcony.take().length, 1, "the item has changed since");
  });

  it("push what a later command has pushed once, though an earlier one is performed again", async () => {
    const { stage, balcony } = await open();
    await balcony.requestRoster();
    const push = (version: string, item: string): AccountEffect => {
      return { kind: "push-item", item, version, only: undefined };
    };
    const removed = push("2", '<item jid="a@b" subscription="remove"/>');
    await perform(stage, 8).send(push("1", '<item jid="a@b"/>'));
    await perform(stage, 9).send(removed);
    await perform(stage, 10).send(push("3", '<item jid="c@d"/>'));
    await perform(stage, 8).send(removed);
    await stage.settled();
    const versions = balcony.take().map((xml) => / ver="(\d+)"/.exec(xml)?.[1]);
    assert.deepEqual(versions, ["1", "2", "3"]);
  });

  it("push a change that nobody was told of before later ones under the version that the session has then", async () => {
    const { stage, balcony } = await open();
    await balcony.requestRoster();
    const push = (version: string, item: string): AccountEffect => {
      return { kind: "push-item", item, version, only: undefined };
    };
    await perform(stage, 9).send(push("44", '<item jid="c@d"/>'));
    await perform(stage, 8).send(push("43", '<item jid="a@b"/>'));
    await perform(stage, 10).send(push("45", '<item jid="e@f"/>'));
    await stage.settled();
    assert.deepEqual(
      balcony.take().map((xml) => [/ ver="(\d+)"/.exec(xml)?.[1], /<item jid="(...)"/.exec(xml)?.[1]]),
      [
        ["44", "c@d"],
        ["44", "a@b"],
        ["45", "e@f"],
      ],
    );
  });

  it("push nothing to a session whose roster showed it already, where the command is performed again", async () => {
    const { stage, balcony } = await open();
    await perform(stage, 7).send({
      kind: "answer-session",
      session: balcony.session,
      stanza: makeStanza("iq", { type: "result", id: "r1", to: balcony.jid }),
      interestedFrom: "12",
    });
    await stage.settled();
    balcony.take();
    const push = { kind: "push-item", item: '<item jid="a@b"/>', only: undefined } as const;
    await perform(stage, 8).send({ ...push, version: "12", again: true });
    await stage.settled();
    assert.deepEqual(balcony.take(), []);
    await perform(stage, 8).send({ ...push, version: "13", again: true });
    await perform(stage, 9).send({ ...push, version: "11" });
    await stage.settled();
    assert.equal(balcony.take().length, 2);
  });

  it("push the changes since a version as often as the session asks for them", async () => {
    const { stage, balcony } = await open();
    await balcony.requestRoster();
    const push: AccountEffect = {
      kind: "push-item",
      item: '<item jid="a@b"/>',
      version: "2",
      only: balcony.session,
    };
    await perform(stage, 8).send(push);
    await perform(stage, 9).send(push);
    await stage.settled();
    assert.equal(balcony.take().length, 2);
  });
});

describe("a message is done", () => {
  it("when the nodes have what was written for it, unless one takes too long", async () => {
    const { stage, balcony, orchard } = await open();
    let go = (): void => {};
    stage.frozen.set(
      "node-1",
      new Promise((resolve) => {
        go = resolve;
      }),
    );
    const order: string[] = [];
    const sent = balcony.chat(romeo, "hi").then(() => order.push("done"));
    await Promise.resolve();
    assert.deepEqual(order, []);
    // The clock of the stage runs while nothing happens.
    await sent;
    assert.ok(stage.now > 0);
    go();
    await stage.settled();
    assert.equal(orchard.take().length, 1);
  });

  it("never, where a node knows of a later owner", async () => {
    const { stage, balcony } = await open();
    const { publish } = stage.repeatingBus;
    const named: unknown[] = [];
    Object.assign(stage.repeatingBus, {
      publish: ((channel, key, payload, options) => {
        if (channel.name !== channels.nodeDeliveries.name) return publish(channel, key, payload, options);
        named.push(options?.actingFor);
        return Promise.reject(new BusError("fenced", "there is a later owner"));
      }) satisfies typeof publish,
    });
    await balcony.chat(romeo, "hi");
    const outcome = await stage.repeatingBus.repeat(channels.deliver);
    assert.deepEqual(outcome, { kind: "reject", reason: "fenced" });
    assert.deepEqual(named[0], { address: "presence-owner" });
    assert.equal(stage.service.counters.nodeFailures, 0);
  });

  it("never, where the owner of a contact knows of a later owner", async () => {
    const { stage, balcony } = await open();
    const named: unknown[] = [];
    Object.assign(stage.repeatingBus, {
      multicast: ((_channel, _keys, _payload, options) => {
        named.push(options?.actingFor);
        return Promise.reject(new BusError("fenced", "there is a later owner"));
      }) satisfies typeof stage.repeatingBus.multicast,
    });
    await balcony.presence("<show>away</show>");
    const outcome = await stage.repeatingBus.repeat(channels.presenceCommands);
    assert.deepEqual(outcome, { kind: "reject", reason: "fenced" });
    assert.deepEqual(named[0], { address: "presence-owner", account: juliet });
    assert.equal(stage.service.counters.handedOverFailed, 0);
    assert.ok(stage.service.counters.fenced > 0);
  });
});

describe("on a bus that repeats nothing", () => {
  it("nothing that is written has an id", async () => {
    const stage = await Stage.open({ accounts: [juliet, romeo] });
    const items: NodeDelivery[] = [];
    const { publish } = stage.bus;
    stage.friends(juliet, romeo);
    Object.assign(stage.bus, {
      publish: ((channel, key, payload, options) => {
        if (channel.name === channels.nodeDeliveries.name)
          items.push(...(payload as unknown as { items: NodeDelivery[] }).items);
        return publish.call(stage.bus, channel, key, payload, options);
      }) satisfies typeof publish,
    });
    const balcony = await stage.online(`${juliet}/balcony`);
    await stage.online(`${romeo}/orchard`);
    await balcony.chat(romeo, "hi");
    await balcony.end();
    await stage.settled();
    assert.ok(items.length > 3);
    assert.ok(items.every((item) => !("id" in item || "availableId" in item)));
  });
});
