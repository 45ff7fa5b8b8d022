import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { StoreUnavailableError } from "@rollcall/accounts";
import { Stage } from "../testing/stage.ts";
import type { OfflineStore } from "./offline-store.ts";

const juliet = "juliet@example.com";
const romeo = "romeo@example.net";
const stamp = '<delay xmlns="urn:xmpp:delay" from="example.com" stamp="2023-11-14T22:13:20.000Z"/>';

function stored(body: string, to = juliet): string {
  return `<message from="${romeo}/orchard" to="${to}" type="chat"><body>${body}</body>${stamp}</message>`;
}

describe("messages for an account that takes none", () => {
  it("come when it next takes messages, in order, with the time they were sent, once", async () => {
    const stage = await Stage.open({ accounts: [juliet] });
    const orchard = await stage.connect(`${romeo}/orchard`);
    await orchard.chat(juliet, "one");
    await orchard.chat(`${juliet}/gone`, "two");
    stage.advance(60_000);
    const balcony = await stage.connect(`${juliet}/balcony`);
    await balcony.presence();
    await stage.settled();
    assert.deepEqual(balcony.take().slice(1), [stored("one"), stored("two", `${juliet}/gone`)]);
    assert.deepEqual(orchard.take(), []);
    const chamber = await stage.connect(`${juliet}/chamber`);
    await balcony.unavailable();
    await chamber.presence();
    await stage.settled();
    assert.ok(!chamber.take().some((xml) => xml.startsWith("<message")));
  });

  it("wait for a priority that is not negative", async () => {
    const stage = await Stage.open();
    const balcony = await stage.online(`${juliet}/balcony`, "<priority>-1</priority>");
    const orchard = await stage.connect(`${romeo}/orchard`);
    await orchard.chat(juliet, "hi");
    await stage.settled();
    assert.deepEqual(balcony.take(), []);
    await balcony.presence("<priority>0</priority>");
    await stage.settled();
    assert.deepEqual(balcony.take().at(-1), stored("hi"));
  });

  it("come before what is sent while they are being fetched", async () => {
    let open = (): void => {};
    const slow = new Promise<void>((resolve) => {
      open = resolve;
    });
    const stage = await Stage.open({
      accounts: [juliet],
      wrapOfflineStore: (store) => ({
        ...store,
        read: async (account) => {
          await slow;
          return store.read(account);
        },
      }),
    });
    stage.friends(juliet, romeo);
    const orchard = await stage.connect(`${romeo}/orchard`);
    await orchard.chat(juliet, "one");
    const balcony = await stage.connect(`${juliet}/balcony`);
    await balcony.presence();
    const sent = [orchard.chat(juliet, "two"), orchard.presence("<show>away</show>")];
    await stage.settled();
    open();
    await Promise.all(sent);
    await stage.settled();
    const received = balcony.take().filter((xml) => xml.includes(`from="${romeo}/orchard"`));
    assert.equal(received.length, 3);
    assert.equal(received[0], stored("one"));
    assert.match(received[1] ?? "", /<body>two/);
    assert.match(received[2] ?? "", /<show>away/);
  });

  it("come before what is sent while one of them is still being stored", async () => {
    const opens: (() => void)[] = [];
    const stage = await Stage.open({
      accounts: [juliet],
      wrapOfflineStore: (store) => ({
        ...store,
        append: async (account, message) => {
          await new Promise<void>((resolve) => opens.push(resolve));
          return store.append(account, message);
        },
      }),
    });
    const orchard = await stage.connect(`${romeo}/orchard`);
    const one = orchard.chat(juliet, "one");
    await stage.settled();
    const balcony = await stage.connect(`${juliet}/balcony`);
    await balcony.presence();
    const two = orchard.chat(juliet, "two");
    await stage.settled();
    assert.equal(opens.length, 1);
    opens[0]?.();
    await Promise.all([one, two]);
    await stage.settled();
    const bodies = balcony.take().filter((xml) => xml.startsWith("<message"));
    assert.match(bodies[0] ?? "", /one/);
    assert.match(bodies[1] ?? "", /two/);
    assert.equal(bodies.length, 2);
  });

  it("come before those that waited for the store behind them", async () => {
    const opens: (() => void)[] = [];
    const stage = await Stage.open({
      accounts: [juliet],
      wrapOfflineStore: (store) => ({
        ...store,
        append: async (account, message) => {
          await new Promise<void>((resolve) => opens.push(resolve));
          return store.append(account, message);
        },
      }),
    });
    const orchard = await stage.connect(`${romeo}/orchard`);
    const sent = ["one", "two", "three"].map((body) => orchard.chat(juliet, body));
    await stage.settled();
    const balcony = await stage.connect(`${juliet}/balcony`);
    await balcony.presence();
    await stage.settled();
    opens[0]?.();
    await Promise.all(sent);
    await stage.settled();
    assert.equal(opens.length, 1);
    const messages = balcony.take().filter((xml) => xml.startsWith("<message"));
    assert.deepEqual(
      messages.map((xml) => /<body>(\w+)/.exec(xml)?.[1]),
      ["one", "two", "three"],
    );
  });

  it("come back to the sender when there are too many", async () => {
    const stage = await Stage.open({ accounts: [juliet] });
    const orchard = await stage.connect(`${romeo}/orchard`);
    for (const body of ["1", "2", "3", "4"]) await orchard.chat(juliet, body, { id: body });
    await stage.settled();
    const answers = orchard.take();
    assert.equal(answers.length, 1);
    assert.match(answers[0] ?? "", /id="4".*service-unavailable/);
  });

  it("vanish for an account that does not exist, as they would be kept for one that does", async () => {
    const stage = await Stage.open();
    const orchard = await stage.connect(`${romeo}/orchard`);
    await orchard.chat("nobody@example.com", "hi");
    await stage.settled();
    assert.deepEqual(orchard.take(), []);
    assert.equal(stage.service.counters.offlineStored, 0);
  });

  it("come back, whether or not the account exists, where nothing is kept", async () => {
    const stage = await Stage.open({ accounts: [juliet], settings: { "offline.messages_per_account": 0 } });
    const orchard = await stage.connect(`${romeo}/orchard`);
    await orchard.chat(juliet, "hi", { id: "m1" });
    await orchard.chat("nobody@example.com", "hi", { id: "m1" });
    await stage.settled();
    const [here, nowhere] = orchard.take();
    assert.match(here ?? "", /service-unavailable/);
    assert.equal(here?.replaceAll(juliet, "nobody@example.com"), nowhere);
  });

  it("are not kept when they say nothing but that somebody is typing", async () => {
    const stage = await Stage.open({ accounts: [juliet] });
    const orchard = await stage.connect(`${romeo}/orchard`);
    await orchard.send("message", juliet, {
      type: "chat",
      payload: '<composing xmlns="http://jabber.org/protocol/chatstates"/>',
      childCount: 1,
    });
    assert.equal((await stage.offlineStore.read(juliet as never)).length, 0);
  });

  it("come back with a wait error while the store is away", async () => {
    const away = (): Promise<never> => Promise.reject(new StoreUnavailableError("away"));
    const stage = await Stage.open({
      accounts: [juliet],
      wrapOfflineStore: (store) => ({ ...store, append: away, read: away }),
    });
    const orchard = await stage.connect(`${romeo}/orchard`);
    await orchard.chat(juliet, "hi", { id: "m1" });
    const balcony = await stage.online(`${juliet}/balcony`);
    await orchard.chat(juliet, "ho");
    await stage.settled();
    assert.match(orchard.take()[0] ?? "", /id="m1"><error type="wait"><resource-constraint/);
    assert.match(balcony.take()[0] ?? "", /ho/);
  });

  it("stay in the store until the node has them", async () => {
    const removed: ReadonlySet<string>[] = [];
    const wrap = (store: OfflineStore): OfflineStore => ({
      ...store,
      removeDelivered: async (account, ids) => {
        removed.push(ids);
        await store.removeDelivered(account, ids);
      },
    });
    const stage = await Stage.open({ accounts: [juliet], wrapOfflineStore: wrap });
    const orchard = await stage.connect(`${romeo}/orchard`);
    await orchard.chat(juliet, "hi");
    const balcony = await stage.connect(`${juliet}/balcony`);
    await balcony.presence();
    await stage.settled();
    assert.ok(balcony.take().includes(stored("hi")));
    assert.equal(removed.length, 1);
    assert.equal((await stage.offlineStore.read(juliet as never)).length, 0);
  });
});
