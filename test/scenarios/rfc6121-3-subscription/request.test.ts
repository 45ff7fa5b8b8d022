import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { befriend, story, storyServer } from "@rollcall/testkit";
import { itemOf, presenceWithDelay, pushOf, quiet, takeConversation, xmlOf } from "../exact-stanzas.ts";
import { storedContact } from "./in-state.ts";

const server = await storyServer({
  settings: { "roster.max_pending_requests": 3, "roster.max_request_length": 200 },
});
const at = (name: string): string => `${name}@${server.domain}`;

describe("a request for a subscription", () => {
  test(
    "goes from bare JID to bare JID whatever the client writes, with its id and content, to every available session",
    story(server, ["juliet", "romeo"], async ({ juliet, romeo }) => {
      const orchard = await romeo.interested("orchard");
      const balcony = await juliet.online("balcony", "<priority>-5</priority>");
      const garden = await juliet.connect("garden");
      await garden.presence();
      const chamber = await juliet.interested("chamber");
      await quiet([balcony, chamber], [garden]);
      for (const session of [balcony, garden]) session.wire.takeAll();
      const mask = `from='${romeo.jid}/orchard'`;
      orchard.send(
        `<presence ${mask} to='${juliet.jid.toUpperCase()}/nowhere' type='subscribe' id='r' xml:lang='it'>` +
          "<status>please</status><nick xmlns='http://jabber.org/protocol/nick'>Ro</nick></presence>",
      );
      await quiet([orchard, balcony, chamber], [garden]);
      const request =
        `<presence from='${romeo.jid}' id='r' to='${juliet.jid}' type='subscribe' xml:lang='it'>` +
        "<status>please</status><nick xmlns='http://jabber.org/protocol/nick'>Ro</nick></presence>";
      assert.deepEqual(takeConversation(balcony), [request]);
      assert.deepEqual(takeConversation(garden), [request]);
      assert.deepEqual(takeConversation(chamber), [], "interested is not available");
      assert.deepEqual(takeConversation(orchard), [
        pushOf(orchard, itemOf(juliet.jid, "none", { ask: true })),
      ]);
    }),
  );

  test(
    "is not answered for the contact, and tells nothing of whether it is there",
    story(server, ["juliet", "romeo"], async ({ juliet, romeo }) => {
      const balcony = await juliet.online("balcony");
      const orchard = await romeo.online("orchard");
      for (const to of [juliet.jid, at("nobody")]) {
        orchard.send(`<presence to='${to}' type='subscribe'/>`);
        await quiet([orchard, balcony]);
        assert.deepEqual(takeConversation(orchard), [pushOf(orchard, itemOf(to, "none", { ask: true }))]);
      }
    }),
  );

  test(
    "to an address that is none comes back as malformed, and is not noted",
    story(server, ["romeo"], async ({ romeo }) => {
      const orchard = await romeo.online("orchard");
      for (const to of [
        `a b@${server.domain}`,
        "@",
        `xmpp:${at("juliet")}`,
        `${"x".repeat(1024)}@${server.domain}`,
      ]) {
        orchard.send(`<presence to='${to}' type='subscribe' id='bad'/>`);
        const error = await orchard.receive("presence", { type: "error", id: "bad" });
        assert.deepEqual(error.error(), { condition: "jid-malformed", type: "modify" });
      }
      await quiet([orchard]);
      assert.deepEqual(takeConversation(orchard), []);
    }),
  );

  test(
    "to a domain that cannot be reached comes back from the contact with its id, and is not noted",
    story(server, ["romeo"], async ({ romeo }) => {
      const orchard = await romeo.online("orchard");
      orchard.send("<presence to='juliet@elsewhere.example' type='subscribe' id='far'/>");
      const error = await orchard.receive("presence", { type: "error", id: "far" });
      assert.equal(error.from, "juliet@elsewhere.example");
      assert.deepEqual(error.error(), { condition: "remote-server-not-found", type: "cancel" });
      await quiet([orchard]);
      assert.deepEqual(takeConversation(orchard), []);
      assert.equal((await romeo.contacts()).size, 0);
    }),
  );

  test(
    "to oneself is ignored, as every subscription stanza to oneself",
    story(server, ["romeo"], async ({ romeo }) => {
      const orchard = await romeo.online("orchard");
      for (const type of ["subscribe", "subscribed", "unsubscribe", "unsubscribed"]) {
        orchard.send(`<presence to='${romeo.jid}' type='${type}'/>`);
      }
      await quiet([orchard]);
      assert.deepEqual(takeConversation(orchard), []);
      assert.equal((await romeo.contacts()).size, 0);
    }),
  );

  test(
    "without an address is a bad request",
    story(server, ["romeo"], async ({ romeo }) => {
      const orchard = await romeo.online("orchard");
      orchard.send("<presence type='subscribe' id='whom'/>");
      const error = await orchard.receive("presence", { type: "error", id: "whom" });
      assert.deepEqual(error.error(), { condition: "bad-request", type: "modify" });
    }),
  );

  test(
    "from somebody who is subscribed already is answered for the contact, with its present presence",
    story(server, ["juliet", "romeo"], async ({ juliet, romeo }) => {
      const orchard = await romeo.online("orchard");
      const balcony = await juliet.online("balcony", "<show>away</show>");
      await befriend(juliet, romeo, "from");
      await quiet([orchard, balcony]);
      orchard.wire.takeAll();
      balcony.wire.takeAll();
      orchard.send(`<presence to='${juliet.jid}' type='subscribe' id='again'/>`);
      await quiet([orchard, balcony]);
      assert.deepEqual(takeConversation(balcony), []);
      const [, presence, ...rest] = ["", ...takeConversation(orchard)];
      assert.equal(
        presence?.replace(/ id='[^']*'/, ""),
        presenceWithDelay(balcony.full, romeo.jid, "<show>away</show>"),
        "`subscribed` meets a subscription and is not shown; the presence is",
      );
      assert.deepEqual(rest, []);
    }),
  );
});

describe("a request that waits", () => {
  test(
    "is kept complete, and shown again to every session that becomes available until it is answered",
    story(server, ["juliet", "romeo"], async ({ juliet, romeo }) => {
      const orchard = await romeo.online("orchard");
      orchard.send(
        `<presence to='${juliet.jid}' type='subscribe' id='ask' xml:lang='it'>` +
          "<status>per favore</status><x xmlns='urn:example:x' a='&lt;&amp;'><y/></x></presence>",
      );
      await quiet([orchard]);
      const request =
        `<presence from='${romeo.jid}' id='ask' to='${juliet.jid}' type='subscribe' xml:lang='it'>` +
        "<status>per favore</status><x a='&lt;&amp;' xmlns='urn:example:x'><y/></x></presence>";

      const balcony = await juliet.interested("balcony");
      await balcony.settled();
      assert.deepEqual(takeConversation(balcony), [], "not before it is available");
      await balcony.presence();
      assert.equal(xmlOf(await balcony.receive("presence", { type: "subscribe" })), request);
      await balcony.presence("<show>away</show>");
      await balcony.settled();
      assert.deepEqual(takeConversation(balcony), [], "once for each presence session");

      const garden = await juliet.connect("garden");
      await garden.presence();
      assert.equal(xmlOf(await garden.receive("presence", { type: "subscribe" })), request);
      await balcony.presence("", "unavailable");
      balcony.wire.takeAll();
      await balcony.presence();
      assert.equal(xmlOf(await balcony.receive("presence", { type: "subscribe" })), request);

      garden.send(`<presence to='${romeo.jid}' type='unsubscribed'/>`);
      await quiet([balcony, orchard], [garden]);
      const chamber = await juliet.online("chamber");
      await chamber.settled();
      const cellar = await juliet.connect("cellar");
      await cellar.presence();
      await cellar.settled();
      assert.deepEqual(
        takeConversation(cellar).filter((stanza) => stanza.includes("subscribe")),
        [],
      );
    }),
  );

  test(
    "is shown again also where it was delivered at once, and approving it ends that",
    story(server, ["juliet", "romeo"], async ({ juliet, romeo }) => {
      const balcony = await juliet.online("balcony");
      const orchard = await romeo.online("orchard");
      orchard.send(`<presence to='${juliet.jid}' type='subscribe' id='ask'/>`);
      await balcony.receive("presence", { type: "subscribe", id: "ask" });
      const garden = await juliet.connect("garden");
      await garden.presence();
      await garden.receive("presence", { type: "subscribe", id: "ask" });
      garden.send(`<presence to='${romeo.jid}' type='subscribed'/>`);
      await orchard.receive("presence", { type: "subscribed" });
      const cellar = await juliet.connect("cellar");
      await cellar.presence();
      await cellar.settled();
      assert.deepEqual(
        cellar.wire.takeAll().filter(({ type }) => type === "subscribe"),
        [],
      );
    }),
  );

  test(
    "is one for each requester: the first; a repetition is neither delivered nor kept",
    story(server, ["juliet", "romeo", "paris"], async ({ juliet, romeo, paris }) => {
      const balcony = await juliet.online("balcony");
      const orchard = await romeo.online("orchard");
      const palace = await paris.online("palace");
      for (const time of [1, 2, 3]) {
        orchard.send(`<presence to='${juliet.jid}' type='subscribe' id='r${time}'/>`);
      }
      await quiet([orchard]);
      palace.send(`<presence to='${juliet.jid}' type='subscribe' id='p1'/>`);
      await quiet([palace, balcony]);
      const ids = (stanzas: readonly { id: string | undefined }[]): unknown => stanzas.map(({ id }) => id);
      assert.deepEqual(ids(balcony.wire.takeAll()), ["r1", "p1"]);
      const garden = await juliet.connect("garden");
      await garden.presence();
      await garden.settled();
      assert.deepEqual(
        ids(garden.wire.takeAll().filter(({ type }) => type === "subscribe")),
        ["r1", "p1"],
        "the oldest first",
      );
    }),
  );

  test(
    "makes no roster item, and leaves one that is there alone",
    story(server, ["juliet", "romeo", "paris"], async ({ juliet, romeo, paris }) => {
      await server.importRoster(juliet.jid, { [paris.jid]: { name: "P", groups: ["suitors"] } });
      const orchard = await romeo.online("orchard");
      const palace = await paris.online("palace");
      for (const session of [orchard, palace]) {
        session.send(`<presence to='${juliet.jid}' type='subscribe'/>`);
        await session.push(juliet.jid);
      }
      const contacts = await juliet.contacts();
      assert.deepEqual(
        [...contacts.values()].map((item) => xmlOf(item, "jabber:iq:roster")),
        [itemOf(paris.jid, "none", { name: "P", groups: ["suitors"] })],
      );
    }),
  );

  test(
    "of a stranger leaves nothing behind when it is denied or withdrawn",
    story(server, ["juliet", "romeo"], async ({ juliet, romeo }) => {
      const balcony = await juliet.online("balcony");
      const orchard = await romeo.online("orchard");
      for (const end of ["denied", "withdrawn"]) {
        orchard.send(`<presence to='${juliet.jid}' type='subscribe'/>`);
        await balcony.receive("presence", { type: "subscribe" });
        if (end === "denied") balcony.send(`<presence to='${romeo.jid}' type='unsubscribed'/>`);
        else orchard.send(`<presence to='${juliet.jid}' type='unsubscribe'/>`);
        await quiet([balcony, orchard]);
        assert.equal(await storedContact(juliet, romeo.jid), undefined);
        assert.equal((await storedContact(romeo, juliet.jid))?.ask, undefined);
      }
    }),
  );

  test(
    "in a flood is ignored beyond the limit, and one with too much content is kept without it",
    story(server, ["juliet", "a", "b", "c", "d"], async ({ juliet, a, b, c, d }) => {
      for (const person of [a, b, c, d]) {
        const session = await person.online("home");
        const status = person === b ? "x".repeat(1_000) : person.username;
        session.send(`<presence to='${juliet.jid}' type='subscribe'><status>${status}</status></presence>`);
        await quiet([session]);
        assert.deepEqual(
          takeConversation(session),
          [pushOf(session, itemOf(juliet.jid, "none", { ask: true }))],
          "the requester learns nothing of it",
        );
      }
      const balcony = await juliet.connect("balcony");
      await balcony.presence();
      await balcony.settled();
      assert.deepEqual(
        balcony.wire
          .takeAll()
          .filter(({ type }) => type === "subscribe")
          .map((request) => [request.from, request.childText("status")]),
        [
          [a.jid, a.username],
          [b.jid, undefined],
          [c.jid, c.username],
        ],
      );
    }),
  );
});
