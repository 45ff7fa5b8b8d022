/** Rosters are objects in Riak, and operators may write them with curl (as Momentum sites do). */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { describe, test } from "node:test";
import { promisify } from "node:util";
import { needs, Person, type RunningServer, storyServer, type XmppClient } from "@rollcall/testkit";
import { itemOf, pushOf, quiet, takeConversation, xmlOf } from "../exact-stanzas.ts";
import { rosterNamespace, rosterOf, setItem } from "./roster-iq.ts";

/** As the documentation has it; only the port is another one in a test. */
const command = `curl -X POST http://127.0.0.1:8098/riak/xmpp/test@test -H 'Content-Type: application/json' -d \\
 '{"test1@test": {"name": "test1", "groups": ["mytest"], "pending_requests": {}, "subscription": "both"}}'`;

async function typeCommand(server: RunningServer, subscription = "both"): Promise<void> {
  const here = command
    .replace("http://127.0.0.1:8098", server.riak)
    .replace("curl ", "curl -sS --fail ")
    .replace('"both"', `"${subscription}"`);
  await promisify(execFile)("sh", ["-c", here]);
}

/** A server of the domain `test` with the account of the command. */
async function serverOfTheCommand(): Promise<{ server: RunningServer; person: Person }> {
  const server = await storyServer({ settings: { domains: ["test"] } });
  await server.addUser("test@test", "secret");
  return { server, person: new Person(server, "test", "secret", "test") };
}

async function itemsOf(session: XmppClient): Promise<string[]> {
  return [...(await rosterOf(session)).items.values()].map((item) => xmlOf(item, rosterNamespace));
}

async function refresh(server: RunningServer): Promise<unknown> {
  const answer = await server.admin("POST", "/rosters/test%40test/refresh");
  assert.equal(answer.status, 200);
  return answer.json();
}

const added = itemOf("test1@test", "both", { name: "test1", groups: ["mytest"] });

describe("the curl command of the documentation", needs("curl"), () => {
  test("makes the roster of somebody who has none: the contact shows at the next roster get", async () => {
    const { server, person } = await serverOfTheCommand();
    await typeCommand(server);
    const session = await person.connect("first");
    assert.deepEqual(await itemsOf(session), [added]);
    await setItem(session, "<item jid='test2@test'/>");
    assert.deepEqual(await itemsOf(session), [added, itemOf("test2@test", "none")]);
    person.leave();
  });

  test("shows at the next get where the roster was empty and known to be", async () => {
    const { server, person } = await serverOfTheCommand();
    const session = await person.online("first");
    await typeCommand(server);
    assert.deepEqual(await itemsOf(session), [added]);
    person.leave();
  });

  test("adds to a roster, and wipes nothing: names, groups, subscriptions, requests and versions stay", async () => {
    const { server, person } = await serverOfTheCommand();
    await server.addUser("test3@test", "secret");
    const session = await person.online("first");
    const third = await new Person(server, "test3", "secret", "test").online("third");
    await setItem(session, "<item jid='test2@test' name='Two'><group>a</group><group>b</group></item>");
    session.send("<presence to='test4@test' type='subscribe'/>");
    session.send("<presence to='test5@test' type='subscribed'/>");
    third.send("<presence to='test@test' type='subscribe' id='ask'><status>me</status></presence>");
    await session.receive("presence", { type: "subscribe", id: "ask" });
    const before = await itemsOf(session);
    assert.equal(before.length, 3);

    await typeCommand(server);
    const other = await person.connect("other");
    assert.deepEqual((await itemsOf(other)).sort(), [...before, added].sort());
    await other.presence();
    assert.equal(
      xmlOf(await other.receive("presence", { type: "subscribe" })),
      "<presence from='test3@test' id='ask' to='test@test' type='subscribe'><status>me</status></presence>",
    );
    assert.ok(Number((await rosterOf(other)).version) > 3, "a change like any other");

    // What the server writes next is written to the whole.
    await setItem(session, "<item jid='test1@test' name='renamed'><group>mytest</group></item>");
    const items = await itemsOf(other);
    assert.equal(items.length, 4);
    assert.ok(items.includes(itemOf("test1@test", "both", { name: "renamed", groups: ["mytest"] })));
    person.leave();
    third.cut();
  });

  test("is pushed to every interested session at once after `rollcall roster refresh`, and once", async () => {
    const { server, person } = await serverOfTheCommand();
    const balcony = await person.interested("balcony");
    const chamber = await person.interested("chamber");
    const cellar = await person.connect("cellar");
    await setItem(balcony, "<item jid='test2@test'/>");
    await quiet([balcony, chamber], [cellar]);
    for (const session of [balcony, chamber]) session.wire.takeAll();

    await typeCommand(server);
    assert.deepEqual(await refresh(server), { jid: "test@test", result: "refreshed", pushed: 1 });
    for (const session of [balcony, chamber]) {
      assert.deepEqual(xmlOf(await session.push(), rosterNamespace), added);
    }
    assert.deepEqual(await refresh(server), { jid: "test@test", result: "refreshed", pushed: 0 });
    await quiet([balcony, chamber], [cellar]);
    for (const session of [balcony, chamber, cellar]) assert.deepEqual(takeConversation(session), []);
    person.leave();
  });

  test("lets the contact see who is there, and one that takes the subscription back hides them again", async () => {
    const { server, person } = await serverOfTheCommand();
    await server.addUser("test1@test", "secret");
    const session = await person.online("first");
    const contact = await new Person(server, "test1", "secret", "test").online("there");
    await quiet([session, contact]);
    assert.deepEqual(takeConversation(contact), []);
    await typeCommand(server);
    await refresh(server);
    await contact.receive("presence", { from: session.full, type: undefined });
    await typeCommand(server, "to");
    await refresh(server);
    await contact.receive("presence", { from: session.full, type: "unavailable" });
    session.send("<presence><show>away</show></presence>");
    await quiet([session, contact]);
    assert.deepEqual(takeConversation(contact), []);
    person.leave();
    contact.cut();
  });

  test("typed again says nothing new", async () => {
    const { server, person } = await serverOfTheCommand();
    const session = await person.interested("balcony");
    await typeCommand(server);
    await refresh(server);
    await session.push("test1@test");
    const { version } = await rosterOf(session);
    await typeCommand(server);
    await typeCommand(server);
    await refresh(server);
    await quiet([session]);
    assert.deepEqual(takeConversation(session), []);
    assert.equal((await rosterOf(session)).version, version);
    person.leave();
  });

  test("edits a contact that is there: what it names changes, and the clients are told at the next get", async () => {
    const { server, person } = await serverOfTheCommand();
    const session = await person.interested("balcony");
    await setItem(session, "<item jid='test1@test' name='One'><group>old</group></item>");
    await quiet([session]);
    session.wire.takeAll();
    await typeCommand(server);
    const { items, version } = await rosterOf(session);
    assert.deepEqual(xmlOf(items.get("test1@test")!, rosterNamespace), added);
    assert.equal(version, "2");
    await quiet([session]);
    assert.deepEqual(takeConversation(session), [pushOf(session, added)], "whoever did not ask is pushed to");
    person.leave();
  });

  test("makes two people see each other, typed for each of them", async () => {
    const { server, person } = await serverOfTheCommand();
    await server.addUser("test1@test", "secret");
    await typeCommand(server);
    const other = await fetch(`${server.riak}/riak/xmpp/test1@test`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        "test@test": { name: "test", groups: [], pending_requests: {}, subscription: "both" },
      }),
    });
    assert.ok(other.ok);
    const session = await person.online("here");
    const one = await new Person(server, "test1", "secret", "test").online("there", "<show>away</show>");
    const seen = await session.receive("presence", { from: one.full, type: undefined });
    assert.equal(seen.childText("show"), "away");
    await session.presence("", "unavailable");
    await one.receive("presence", { from: session.full, type: "unavailable" });
    person.leave();
    one.cut();
  });
});
