/** RFC 6121, 4.3: presence probes, those of clients and those that logging in stands for. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { befriend, newcomer, type Person, story, storyServer, type XmppClient } from "@rollcall/testkit";
import { presenceWithDelay, quiet, takeConversation } from "../exact-stanzas.ts";

const server = await storyServer();
const quietServer = await storyServer({ settings: { "presence.unauthorised_probe": "ignore" } });
const testDomain = await storyServer({ settings: { domains: ["test"] } });

/** What one probe brings to the session that sends it. */
async function probe(session: XmppClient, to: string, id = "p1"): Promise<string[]> {
  await quiet([session]);
  session.wire.takeAll();
  session.send(`<presence to='${to}' type='probe' id='${id}'/>`);
  await quiet([session]);
  return takeConversation(session);
}

describe("a probe of a subscriber", () => {
  test(
    "is answered with the complete last presence of every available resource, its id and its time",
    story(server, ["juliet", "romeo"], async ({ juliet, romeo }) => {
      await befriend(juliet, romeo, "from");
      const orchard = await romeo.online("orchard");
      await juliet.interested("wing");
      const payload =
        "<show>xa</show><status xml:lang='it'>via</status><priority>-3</priority><c hash='sha-1' node='n' ver='v' xmlns='http://jabber.org/protocol/caps'/>";
      const cellar = await juliet.connect("cellar");
      cellar.send(`<presence id='c1'><show>chat</show></presence><presence id='c2'>${payload}</presence>`);
      await cellar.settled();
      const balcony = await juliet.connect("balcony");
      const before = Date.now();
      balcony.send("<presence id='b1'/>");
      await balcony.settled();
      const after = Date.now();
      // Directed presence is no answer to a probe.
      balcony.send(`<presence to='${romeo.jid}' id='d1'><status>only for you</status></presence>`);
      await orchard.receive("presence", { id: "d1" });
      assert.deepEqual(await probe(orchard, juliet.jid), [
        presenceWithDelay(cellar.full, orchard.full, payload, "c2"),
        presenceWithDelay(balcony.full, orchard.full, "", "b1"),
      ]);
      orchard.send(`<presence to='${juliet.jid}' type='probe'/>`);
      const answer = await orchard.receive("presence", { from: balcony.full });
      const stamp = Date.parse(answer.child("delay", "urn:xmpp:delay")?.attributes.stamp ?? "");
      assert.ok(stamp >= before && stamp <= after, "the time at which the server got the presence");
    }),
  );

  test(
    "is answered with the last unavailable presence and its time when nobody is available any more",
    story(server, ["juliet", "romeo"], async ({ juliet, romeo }) => {
      await befriend(juliet, romeo, "from");
      const orchard = await romeo.online("orchard");
      assert.deepEqual(await probe(orchard, juliet.jid), [
        `<presence from='${juliet.jid}' id='p1' to='${orchard.full}' type='unavailable'/>`,
      ]);
      const balcony = await juliet.online("balcony");
      await balcony.presence("<status>good night</status>", "unavailable");
      const delay = "<delay from='localhost' stamp='*' xmlns='urn:xmpp:delay'/>";
      const lastWords = `<presence from='${juliet.jid}' id='p2' to='${orchard.full}' type='unavailable'><status>good night</status>${delay}</presence>`;
      assert.deepEqual(await probe(orchard, juliet.jid, "p2"), [lastWords]);
      await balcony.close();
      assert.deepEqual(await probe(orchard, juliet.jid, "p2"), [lastWords], "also after the stream");
      const cellar = await juliet.online("cellar");
      cellar.cut();
      await orchard.receive("presence", { from: cellar.full, type: "unavailable" });
      assert.deepEqual(await probe(orchard, juliet.jid, "p3"), [
        `<presence from='${juliet.jid}' id='p3' to='${orchard.full}' type='unavailable'>${delay}</presence>`,
      ]);
    }),
  );

  test(
    "for a full JID is answered with the availability of that resource and nothing else",
    story(server, ["juliet", "romeo"], async ({ juliet, romeo }) => {
      await befriend(juliet, romeo, "from");
      const orchard = await romeo.online("orchard");
      await juliet.online("chamber");
      const balcony = await juliet.connect("balcony");
      balcony.send("<presence id='b1'><show>away</show><status>x</status><priority>1</priority></presence>");
      await balcony.settled();
      await orchard.receive("presence", { id: "b1" });
      assert.deepEqual(await probe(orchard, balcony.full), [
        `<presence from='${balcony.full}' id='b1' to='${orchard.full}'/>`,
      ]);
      for (const resource of ["none", "wing"]) {
        assert.deepEqual(await probe(orchard, `${juliet.jid}/${resource}`), [
          `<presence from='${juliet.jid}/${resource}' id='p1' to='${orchard.full}' type='unavailable'/>`,
        ]);
      }
    }),
  );

  test(
    "of the account itself is answered as that of a subscriber",
    story(server, ["juliet"], async ({ juliet }) => {
      const chamber = await juliet.connect("chamber");
      chamber.send("<presence id='c1'><show>dnd</show></presence>");
      await chamber.settled();
      const wing = await juliet.interested("wing");
      assert.deepEqual(await probe(wing, juliet.jid), [
        presenceWithDelay(chamber.full, wing.full, "<show>dnd</show>", "c1"),
      ]);
    }),
  );
});

describe("a probe of somebody without a subscription", () => {
  test(
    "is answered with unsubscribed, which ends what the prober's roster believes",
    story(server, ["juliet", "romeo"], async ({ juliet, romeo }) => {
      await juliet.online("balcony");
      await server.importRoster(juliet.jid, { [romeo.jid]: { subscription: "to" } });
      await server.importRoster(romeo.jid, { [juliet.jid]: { subscription: "both" } });
      const orchard = await romeo.online("orchard");
      const [answer, push, ...rest] = await probe(orchard, juliet.jid);
      assert.equal(answer, `<presence from='${juliet.jid}' id='p1' to='${romeo.jid}' type='unsubscribed'/>`);
      assert.match(push ?? "", /<item jid='[^']*' subscription='from'\/>/);
      assert.deepEqual(rest, []);
      assert.deepEqual(await probe(orchard, juliet.jid), [], "there is nothing more to end");
    }),
  );

  test(
    "leaves a pre-approval of the prober alone",
    story(server, ["juliet", "romeo"], async ({ juliet, romeo }) => {
      const balcony = await juliet.online("balcony");
      balcony.send(`<presence to='${romeo.jid}' type='subscribed'/>`);
      await balcony.push(romeo.jid);
      await server.importRoster(romeo.jid, { [juliet.jid]: { subscription: "to" } });
      const orchard = await romeo.online("orchard");
      await probe(orchard, juliet.jid);
      const item = (await juliet.contacts()).get(romeo.jid);
      assert.equal(item?.attributes.approved, "true");
      assert.equal(item?.attributes.subscription, "none");
    }),
  );

  test(
    "is never answered with an error",
    story(server, ["juliet", "romeo"], async ({ juliet, romeo }) => {
      const balcony = await juliet.online("balcony");
      await romeo.online("orchard");
      for (const to of [
        romeo.jid,
        `${romeo.jid}/orchard`,
        `${romeo.jid}/none`,
        "nobody@localhost",
        "a@b.example",
        "localhost",
      ]) {
        assert.deepEqual(await probe(balcony, to), [], to);
      }
      await balcony.settled();
      assert.equal(balcony.wire.ended, false);
    }),
  );

  test(
    "leaves the roster alone where the operator says so",
    story(quietServer, ["juliet", "romeo"], async ({ juliet, romeo }) => {
      await quietServer.importRoster(romeo.jid, { [juliet.jid]: { subscription: "both" } });
      const orchard = await romeo.online("orchard");
      assert.deepEqual(await probe(orchard, juliet.jid), []);
      assert.equal((await romeo.contacts()).get(juliet.jid)?.attributes.subscription, "both");
    }),
  );
});

/** Two sessions one after the other, an hour of use: nothing may have been lost by it. */
async function logsInAndOut(person: Person): Promise<void> {
  for (const resource of ["balcony", "chamber"]) {
    const session = await person.online(resource);
    await session.presence("<show>away</show>");
    await quiet([session]);
    const pushes = takeConversation(session).filter((text) => text.startsWith("<iq"));
    assert.deepEqual(pushes, [], "nothing changes in the roster");
    await session.close();
  }
}

describe("logging in", () => {
  test("shows a contact that was written into Riak by hand, and never loses it, though nobody has that name", async () => {
    await testDomain.addUser("test@test", "secret");
    const person = await newcomer(testDomain, "helper");
    const put = (account: string): Promise<Response> =>
      fetch(`${testDomain.riak}/riak/xmpp/${account}`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: '{"test1@test": {"name": "test1", "groups": ["mytest"], "pending_requests": {}, "subscription": "both"}}',
      });
    assert.equal((await put(person.jid)).status, 204);
    const isThere = async (): Promise<void> => {
      const item = (await person.contacts()).get("test1@test");
      assert.deepEqual(item?.attributes, { jid: "test1@test", name: "test1", subscription: "both" });
      assert.equal(item?.childText("group"), "mytest");
    };
    await isThere();
    await logsInAndOut(person);
    await isThere();
  });

  test(
    "changes no roster whose other half is missing or says something else",
    story(server, ["juliet", "romeo", "nurse"], async ({ juliet, romeo, nurse }) => {
      await server.importRoster(juliet.jid, {
        [romeo.jid]: { subscription: "both" },
        [nurse.jid]: { subscription: "to" },
        "nobody@localhost": { subscription: "both", ask: undefined },
      });
      await server.importRoster(nurse.jid, { [juliet.jid]: { subscription: "none", name: "J" } });
      const orchard = await romeo.online("orchard");
      const kitchen = await nurse.online("kitchen");
      await logsInAndOut(juliet);
      const contacts = await juliet.contacts();
      const subscriptions = [romeo.jid, nurse.jid, "nobody@localhost"].map(
        (jid) => contacts.get(jid)?.attributes.subscription,
      );
      assert.deepEqual(subscriptions, ["both", "to", "both"]);
      assert.equal((await nurse.contacts()).get(juliet.jid)?.attributes.subscription, "none");
      assert.equal((await romeo.contacts()).size, 0);
      await quiet([orchard, kitchen]);
      assert.ok(takeConversation(kitchen).every((text) => !text.includes("subscri")));
    }),
  );

  test(
    "shows no presence of a contact that does not know of the subscription",
    story(server, ["juliet", "romeo"], async ({ juliet, romeo }) => {
      await server.importRoster(juliet.jid, { [romeo.jid]: { subscription: "to" } });
      await romeo.online("orchard", "<status>secret</status>");
      const balcony = await juliet.connect("balcony");
      balcony.send("<presence id='i1'/>");
      await quiet([balcony]);
      assert.deepEqual(takeConversation(balcony), [
        `<presence from='${balcony.full}' id='i1' to='${balcony.full}'/>`,
      ]);
    }),
  );
});
