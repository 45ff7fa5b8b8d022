import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { Person, type RunningServer, startServer, type XmppClient } from "@rollcall/testkit";
import { itemOf, pushOf, quiet, takeConversation, versionOf, xmlOf } from "../exact-stanzas.ts";
import { rosterNamespace, rosterOf, setItem } from "./roster-iq.ts";

const dataDir = mkdtempSync(join(tmpdir(), "rollcall-test-"));
let server: RunningServer | undefined;
const sessions: XmppClient[] = [];

/** Stops the server, if it runs; clients answer the end of their streams with theirs. */
async function stop(): Promise<void> {
  const stopped = server?.stop();
  await Promise.all(
    sessions.splice(0).map(async (session) => {
      await session.wire.take(({ name }) => name === "error", "the stream error");
      await session.close();
    }),
  );
  await stopped;
}

/** Starts the server on the folder, after stopping it. */
async function restart(): Promise<RunningServer> {
  await stop();
  server = await startServer({ dataDir });
  return server;
}

async function connect(running: RunningServer, username: string, resource: string): Promise<XmppClient> {
  const session = await new Person(running, username, "secret", running.domain).connect(resource);
  sessions.push(session);
  return session;
}

after(async () => {
  await stop();
  rmSync(dataDir, { recursive: true, force: true });
});

describe("a server that is stopped and started again on its folder", () => {
  test("has every roster as it was, with versions, subscriptions, requests and approvals", async () => {
    const first = await restart();
    const jid = (name: string): string => `${name}@${first.domain}`;
    for (const name of ["juliet", "romeo", "nurse"]) await first.addUser(jid(name), "secret");
    const balcony = await connect(first, "juliet", "balcony");
    const orchard = await connect(first, "romeo", "orchard");
    const kitchen = await connect(first, "nurse", "kitchen");
    for (const session of [balcony, orchard, kitchen]) {
      await session.roster();
      await session.presence();
    }
    await setItem(balcony, `<item jid='${jid("romeo")}' name='Rom&#233;o'><group>\u{1f339}</group></item>`);
    balcony.send(`<presence to='${jid("romeo")}' type='subscribe'/>`);
    await orchard.receive("presence", { type: "subscribe" });
    orchard.send(`<presence to='${jid("juliet")}' type='subscribed'/>`);
    await balcony.receive("presence", { from: orchard.full, type: undefined });
    kitchen.send(
      `<presence to='${jid("juliet")}' type='subscribe' id='ask'><status>It is I</status></presence>`,
    );
    await balcony.receive("presence", { type: "subscribe", from: jid("nurse") });
    balcony.send(`<presence to='${jid("tybalt")}' type='subscribed'/>`);
    await setItem(balcony, `<item jid='${jid("paris")}'/>`);
    await setItem(balcony, `<item jid='${jid("paris")}' subscription='remove'/>`);
    await quiet([balcony, orchard, kitchen]);
    const before = await rosterOf(balcony);
    assert.equal(before.version, "6");

    const second = await restart();
    const chamber = await connect(second, "juliet", "chamber");
    const since = await chamber.roster("6");
    assert.deepEqual(since.children, [], "the version that the client has is still the present one");
    const now = await rosterOf(chamber);
    assert.equal(now.version, "6");
    const items = [...now.items.values()].map((item) => xmlOf(item, rosterNamespace));
    assert.deepEqual(
      items.sort(),
      [
        itemOf(jid("romeo"), "to", { name: "Rom\u00e9o", groups: ["\u{1f339}"] }),
        itemOf(jid("tybalt"), "none", { approved: true }),
      ].sort(),
    );

    await chamber.presence();
    const request = await chamber.receive("presence", { type: "subscribe" });
    assert.equal(
      xmlOf(request),
      `<presence from='${jid("nurse")}' id='ask' to='${jid("juliet")}' type='subscribe'><status>It is I</status></presence>`,
    );
    const garden = await connect(second, "romeo", "garden");
    assert.equal((await rosterOf(garden)).items.get(jid("juliet"))?.attributes.subscription, "from");
    await garden.presence("<show>chat</show>");
    const seen = await chamber.receive("presence", { from: garden.full, type: undefined });
    assert.equal(seen.childText("show"), "chat");
  });

  test("goes on counting versions, and knows what was removed before", async () => {
    const first = server ?? (await restart());
    const jid = (name: string): string => `${name}@${first.domain}`;
    await first.addUser(jid("rosaline"), "secret");
    const before = await connect(first, "rosaline", "before");
    await before.roster();
    for (let contact = 1; contact <= 6; contact++)
      await setItem(before, `<item jid='${jid(`c${contact}`)}'/>`);
    await setItem(before, `<item jid='${jid("c3")}' subscription='remove'/>`);

    const second = await restart();
    const session = await connect(second, "rosaline", "later");
    assert.deepEqual((await session.roster("6")).children, []);
    await setItem(session, `<item jid='${jid("c7")}'/>`);
    await quiet([session]);
    const pushes = session.wire.takeAll();
    assert.deepEqual(pushes.map(versionOf), ["7", "8"]);
    const again = await connect(second, "rosaline", "again");
    await again.roster("7");
    await again.settled();
    assert.deepEqual(takeConversation(again), [pushOf(again, itemOf(jid("c7"), "none"))]);
  });
});
