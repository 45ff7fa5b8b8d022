/** RFC 6121, 4.2: initial presence, and what it brings. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { befriend, story, storyServer } from "@rollcall/testkit";
import { presenceWithDelay, quiet, takeConversation } from "../exact-stanzas.ts";

const server = await storyServer();

const caps =
  "<c hash='sha-1' node='urn:example:client' ver='QgayPKawpkPSDYmwT/WM94uAlu0=' xmlns='http://jabber.org/protocol/caps'/>";

describe("initial presence", () => {
  test(
    "goes in full to every contact with a subscription from or both, and to nobody else",
    story(
      server,
      ["juliet", "romeo", "nurse", "paris", "tybalt", "stranger"],
      async ({ juliet, romeo, nurse, paris, tybalt, stranger }) => {
        await befriend(juliet, romeo, "both");
        await befriend(juliet, nurse, "from");
        await befriend(juliet, paris, "to");
        await server.importRoster(juliet.jid, { [tybalt.jid]: { subscription: "none" } });
        await server.importRoster(tybalt.jid, { [juliet.jid]: { subscription: "both" } });
        const others = await Promise.all(
          [romeo, nurse, paris, tybalt, stranger].map((person) => person.online("home")),
        );
        const balcony = await juliet.connect("balcony");
        const payload = `<show>chat</show><status>sighing</status><priority>3</priority>${caps}`;
        balcony.send(`<presence id='i1'>${payload}</presence>`);
        await quiet([balcony, ...others]);
        const sent = (to: string) =>
          `<presence from='${balcony.full}' id='i1' to='${to}'>${payload}</presence>`;
        const told = others.map(takeConversation);
        assert.deepEqual(told, [[sent(romeo.jid)], [sent(nurse.jid)], [], [], []]);
      },
    ),
  );

  test(
    "comes back to the sender first, and goes to the other available resources of the account, whatever their priority",
    story(server, ["juliet", "romeo"], async ({ juliet, romeo }) => {
      await befriend(juliet, romeo);
      const orchard = await romeo.online("orchard");
      const wing = await juliet.interested("wing");
      const cellar = await juliet.online("cellar", "<priority>-7</priority>");
      await quiet([orchard, wing, cellar]);
      for (const session of [orchard, wing, cellar]) session.wire.takeAll();
      const balcony = await juliet.connect("balcony");
      balcony.send("<presence id='i1'><status>here</status></presence>");
      await quiet([balcony, orchard, wing, cellar]);
      const sent = (to: string) =>
        `<presence from='${balcony.full}' id='i1' to='${to}'><status>here</status></presence>`;
      const [first, ...more] = takeConversation(balcony).filter((text) => text.startsWith("<presence"));
      assert.equal(first, sent(balcony.full));
      assert.equal(more.length, 2, "the other resource, and the contact");
      assert.deepEqual(takeConversation(cellar), [sent(cellar.full)]);
      assert.deepEqual(takeConversation(wing), [], "connected only");
    }),
  );

  test(
    "brings the presence of the account's other available resources, with the time of each",
    story(server, ["juliet"], async ({ juliet }) => {
      await juliet.interested("wing");
      const cellar = await juliet.connect("cellar");
      await cellar.presence("<show>xa</show><priority>-7</priority>");
      const chamber = await juliet.connect("chamber");
      chamber.send("<presence id='c1'/>");
      chamber.send("<presence id='c2'><status>reading</status></presence>");
      await chamber.settled();
      const balcony = await juliet.connect("balcony");
      balcony.send("<presence id='i1'/>");
      await balcony.settled();
      const [own, ofCellar, ofChamber, ...rest] = takeConversation(balcony);
      assert.equal(own, `<presence from='${balcony.full}' id='i1' to='${balcony.full}'/>`);
      const show = "<show>xa</show><priority>-7</priority>";
      assert.equal(ofCellar?.replace(/ id='[^']*'/, ""), presenceWithDelay(cellar.full, balcony.full, show));
      assert.equal(
        ofChamber,
        presenceWithDelay(chamber.full, balcony.full, "<status>reading</status>", "c2"),
        "the last one counts",
      );
      assert.deepEqual(rest, []);
    }),
  );

  test(
    "brings the presence of every contact that the user is subscribed to",
    story(
      server,
      ["juliet", "romeo", "nurse", "paris", "tybalt"],
      async ({ juliet, romeo, nurse, paris, tybalt }) => {
        await befriend(juliet, romeo, "both");
        await befriend(juliet, nurse, "to");
        await befriend(juliet, paris, "from");
        await befriend(juliet, tybalt, "both");
        const orchard = await romeo.connect("orchard");
        orchard.send("<presence id='o1'><show>away</show></presence>");
        await orchard.settled();
        const street = await romeo.connect("street");
        street.send("<presence id='s1'/>");
        await street.settled();
        const kitchen = await nurse.connect("kitchen");
        kitchen.send("<presence id='k1'><priority>-2</priority></presence>");
        await kitchen.settled();
        const church = await paris.online("church");
        const balcony = await juliet.connect("balcony");
        balcony.send("<presence id='i1'/>");
        await quiet([balcony, church]);
        const received = takeConversation(balcony);
        assert.equal(received.shift(), `<presence from='${balcony.full}' id='i1' to='${balcony.full}'/>`);
        assert.deepEqual(
          received.toSorted(),
          [
            presenceWithDelay(orchard.full, balcony.full, "<show>away</show>", "o1"),
            presenceWithDelay(street.full, balcony.full, "", "s1"),
            presenceWithDelay(kitchen.full, balcony.full, "<priority>-2</priority>", "k1"),
            `<presence from='${tybalt.jid}' to='${balcony.full}' type='unavailable'/>`,
          ].toSorted(),
        );
      },
    ),
  );

  test(
    "brings the presence of contacts to every new resource, not only to the first",
    story(server, ["juliet", "romeo"], async ({ juliet, romeo }) => {
      await befriend(juliet, romeo, "to");
      const orchard = await romeo.connect("orchard");
      orchard.send("<presence id='o1'/>");
      await orchard.settled();
      const chamber = await juliet.online("chamber");
      const balcony = await juliet.connect("balcony");
      balcony.send("<presence id='i1'/>");
      await quiet([balcony, chamber]);
      assert.ok(takeConversation(balcony).includes(presenceWithDelay(orchard.full, balcony.full, "", "o1")));
      const again = takeConversation(chamber).filter((text) => text.includes(orchard.full));
      assert.deepEqual(again, [], "the other resource knows");
    }),
  );

  test(
    "brings every request for a subscription that is not answered yet, also those that were delivered before",
    story(server, ["juliet", "romeo", "paris"], async ({ juliet, romeo, paris }) => {
      const orchard = await romeo.interested("orchard");
      orchard.send(
        `<presence to='${juliet.jid}' id='r1' type='subscribe'><status>please</status></presence>`,
      );
      await quiet([orchard]);
      const request = `<presence from='${romeo.jid}' id='r1' to='${juliet.jid}' type='subscribe'><status>please</status></presence>`;
      const requests = (stanzas: string[]) => stanzas.filter((text) => text.includes("type='subscribe'"));
      const balcony = await juliet.connect("balcony");
      await balcony.presence();
      await balcony.settled();
      assert.deepEqual(requests(takeConversation(balcony)), [request]);

      const church = await paris.interested("church");
      church.send(`<presence to='${juliet.jid}' id='p1' type='subscribe'/>`);
      await quiet([church]);
      await balcony.settled();
      const second = `<presence from='${paris.jid}' id='p1' to='${juliet.jid}' type='subscribe'/>`;
      assert.deepEqual(requests(takeConversation(balcony)), [second]);
      await balcony.presence("<show>away</show>");
      await balcony.settled();
      assert.deepEqual(requests(takeConversation(balcony)), [], "subsequent presence brings nothing");

      const chamber = await juliet.connect("chamber");
      await chamber.presence();
      await chamber.settled();
      assert.deepEqual(requests(takeConversation(chamber)), [request, second]);
      chamber.send(`<presence to='${romeo.jid}' type='subscribed'/>`);
      await quiet([chamber, balcony]);
      const garden = await juliet.connect("garden");
      await garden.presence();
      await garden.settled();
      assert.deepEqual(requests(takeConversation(garden)), [second]);
    }),
  );

  test(
    "is not needed to get messages and iqs for the full JID",
    story(server, ["juliet", "romeo"], async ({ juliet, romeo }) => {
      await befriend(juliet, romeo);
      const orchard = await romeo.online("orchard");
      const wing = await juliet.connect("wing");
      orchard.send(`<message to='${wing.full}' id='m1'><body>hello</body></message>`);
      orchard.send(`<iq to='${wing.full}' id='q1' type='get'><ping xmlns='urn:xmpp:ping'/></iq>`);
      await wing.receive("message", { id: "m1", from: orchard.full });
      await wing.receive("iq", { id: "q1", from: orchard.full });
      wing.send(`<iq to='${orchard.full}' id='q1' type='result'/>`);
      await orchard.receive("iq", { id: "q1", from: wing.full, type: "result" });
    }),
  );
});

describe("subsequent presence", () => {
  test(
    "goes in full to every contact with a subscription from or both, online or not, and to nobody else",
    story(server, ["juliet", "romeo", "nurse", "paris"], async ({ juliet, romeo, nurse, paris }) => {
      await befriend(juliet, romeo, "both");
      await befriend(juliet, nurse, "from");
      await befriend(juliet, paris, "to");
      const balcony = await juliet.online("balcony");
      // They come after the initial presence, which they know by their probes.
      const others = await Promise.all([romeo, nurse, paris].map((person) => person.online("home")));
      await quiet([balcony, ...others]);
      for (const session of [balcony, ...others]) session.wire.takeAll();
      const payload = `<show>dnd</show><x xmlns='urn:example:x'><y>1</y></x>${caps}`;
      balcony.send(`<presence id='s1'>${payload}</presence>`);
      await quiet([balcony, ...others]);
      const sent = (to: string) =>
        `<presence from='${balcony.full}' id='s1' to='${to}'>${payload}</presence>`;
      assert.deepEqual(others.map(takeConversation), [[sent(romeo.jid)], [sent(nurse.jid)], []]);
      assert.deepEqual(takeConversation(balcony), [sent(balcony.full)], "and no presence of contacts");
    }),
  );

  test(
    "comes back to the sender and goes to the account's other available resources",
    story(server, ["juliet"], async ({ juliet }) => {
      const wing = await juliet.interested("wing");
      const cellar = await juliet.online("cellar", "<priority>-7</priority>");
      const balcony = await juliet.online("balcony");
      await quiet([wing, cellar, balcony]);
      for (const session of [wing, cellar, balcony]) session.wire.takeAll();
      balcony.send("<presence id='s1'><show>xa</show></presence>");
      await quiet([wing, cellar, balcony]);
      const sent = (to: string) =>
        `<presence from='${balcony.full}' id='s1' to='${to}'><show>xa</show></presence>`;
      assert.deepEqual(takeConversation(balcony), [sent(balcony.full)]);
      assert.deepEqual(takeConversation(cellar), [sent(cellar.full)]);
      assert.deepEqual(takeConversation(wing), []);
    }),
  );

  test(
    "goes on reaching a contact that has answered with an error, and so does unavailable presence",
    story(server, ["juliet", "romeo"], async ({ juliet, romeo }) => {
      await befriend(juliet, romeo);
      const orchard = await romeo.online("orchard");
      const balcony = await juliet.online("balcony");
      await orchard.receive("presence", { from: balcony.full });
      orchard.send(
        `<presence to='${balcony.full}' id='e1' type='error'><error type='cancel'><gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></presence>`,
      );
      await balcony.receive("presence", { from: orchard.full, type: "error", id: "e1" });
      await balcony.presence("<show>away</show>");
      await orchard.receive("presence", { from: balcony.full, type: undefined });
      await balcony.presence("", "unavailable");
      await orchard.receive("presence", { from: balcony.full, type: "unavailable" });
    }),
  );
});

describe("presence of a contact", () => {
  test(
    "reaches all available resources of the account, whatever their priority, and no others",
    story(server, ["juliet", "romeo"], async ({ juliet, romeo }) => {
      await befriend(juliet, romeo);
      const wing = await juliet.interested("wing");
      const cellar = await juliet.online("cellar", "<priority>-7</priority>");
      const balcony = await juliet.online("balcony");
      const sessions = [wing, cellar, balcony];
      await quiet(sessions);
      for (const session of sessions) session.wire.takeAll();
      const orchard = await romeo.connect("orchard");
      orchard.send(
        "<presence id='1'/><presence id='2'><show>away</show></presence><presence id='3' type='unavailable'/>",
      );
      await quiet([orchard, ...sessions]);
      const sent = [
        `<presence from='${orchard.full}' id='1' to='${juliet.jid}'/>`,
        `<presence from='${orchard.full}' id='2' to='${juliet.jid}'><show>away</show></presence>`,
        `<presence from='${orchard.full}' id='3' to='${juliet.jid}' type='unavailable'/>`,
      ];
      assert.deepEqual(sessions.map(takeConversation), [[], sent, sent]);
    }),
  );

  test(
    "reaches an account whose roster does not know the contact, if it is sent to it",
    story(server, ["juliet", "romeo"], async ({ juliet, romeo }) => {
      const balcony = await juliet.online("balcony");
      const cellar = await juliet.online("cellar", "<priority>-7</priority>");
      await quiet([balcony, cellar]);
      for (const session of [balcony, cellar]) session.wire.takeAll();
      const orchard = await romeo.connect("orchard");
      orchard.send(`<presence to='${juliet.jid}' id='1'><show>chat</show></presence>`);
      await quiet([orchard, balcony, cellar]);
      const sent = `<presence from='${orchard.full}' id='1' to='${juliet.jid}'><show>chat</show></presence>`;
      assert.deepEqual([balcony, cellar].map(takeConversation), [[sent], [sent]]);
    }),
  );
});
