import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { befriend, newcomer, story, storyServer } from "@rollcall/testkit";

const server = await storyServer();
const twoDomains = await storyServer({ settings: { domains: ["capulet.example", "montague.example"] } });

describe("the from of a stanza", () => {
  test(
    "is the sender's full JID, whatever the client wrote",
    story(server, ["romeo", "juliet"], async ({ romeo, juliet }) => {
      await befriend(romeo, juliet);
      const balcony = await juliet.online("balcony");
      const orchard = await romeo.online("orchard");
      await balcony.receive("presence", { from: orchard.full });
      for (const from of [
        "",
        ` from='${juliet.jid}'`,
        ` from='${romeo.jid}'`,
        " from='localhost'",
        " from='@'",
      ]) {
        orchard.send(`<message${from} to='${balcony.full}' id='m' type='chat'><body>x</body></message>`);
        orchard.send(`<iq${from} to='${balcony.full}' id='i' type='get'><ping xmlns='urn:xmpp:ping'/></iq>`);
        orchard.send(`<presence${from} id='p'/>`);
        const message = await balcony.receive("message", { id: "m" });
        assert.deepEqual(message.attributes, {
          from: orchard.full,
          to: balcony.full,
          type: "chat",
          id: "m",
        });
        assert.equal((await balcony.receive("iq", { id: "i" })).from, orchard.full);
        assert.equal((await balcony.receive("presence", { id: "p" })).from, orchard.full);
      }
    }),
  );

  test(
    "is the sender's bare JID in stanzas about subscriptions",
    story(server, ["romeo", "juliet"], async ({ romeo, juliet }) => {
      const balcony = await juliet.online("balcony");
      const orchard = await romeo.online("orchard");
      orchard.send(`<presence to='${juliet.jid}/balcony' type='subscribe' id='s'/>`);
      const request = await balcony.receive("presence", { type: "subscribe" });
      assert.equal(request.from, romeo.jid);
      assert.equal(request.to, juliet.jid);
    }),
  );

  test(
    "of what the server says is its domain, or the account that it speaks for",
    story(server, ["romeo"], async ({ romeo }) => {
      const orchard = await romeo.online("orchard");
      const ofServer = await orchard.request("get", "<query xmlns='jabber:iq:version'/>", "localhost");
      assert.equal(ofServer.from, "localhost");
      assert.equal(ofServer.to, orchard.full);
      for (const request of [
        await orchard.request("get", "<query xmlns='jabber:iq:roster'/>"),
        await orchard.request("get", "<query xmlns='http://jabber.org/protocol/disco#info'/>"),
        await orchard.request("get", "<unknown xmlns='urn:example:unknown'/>"),
      ]) {
        assert.ok(request.from === undefined || request.from === romeo.jid, request.toString());
      }
      orchard.send(
        "<iq type='set' id='add'><query xmlns='jabber:iq:roster'><item jid='a@localhost'/></query></iq>",
      );
      const push = await orchard.receive("iq", { type: "set" });
      assert.ok(push.from === undefined || push.from === romeo.jid);
      assert.ok(push.to === undefined || push.to === orchard.full);
    }),
  );

  test("of what the server says is the domain of the stream, where it has several", async () => {
    const juliet = await newcomer(twoDomains, "juliet");
    const session = await juliet.online("balcony");
    const answer = await session.request("get", "<ping xmlns='urn:xmpp:ping'/>", "capulet.example");
    assert.equal(answer.from, "capulet.example");
    const other = await session.request("get", "<ping xmlns='urn:xmpp:ping'/>", "montague.example");
    assert.equal(other.from, "montague.example", "the one that was asked answers");
    session.send("<message to='@' id='bad'/>");
    assert.equal((await session.receive("message", { id: "bad" })).from, "capulet.example");
  });
});

describe("the to of a stanza", () => {
  test(
    "reaches the client as the sender wrote it, in canonical form",
    story(server, ["romeo", "juliet"], async ({ romeo, juliet }) => {
      const balcony = await juliet.online("balcony");
      const orchard = await romeo.online("orchard");
      for (const [written, delivered] of [
        [juliet.jid, juliet.jid],
        [balcony.full, balcony.full],
        [juliet.jid.toUpperCase(), juliet.jid],
        [`${juliet.username}@LOCALHOST./balcony`, balcony.full],
      ] as const) {
        orchard.send(`<message to='${written}' id='m'/>`);
        assert.equal((await balcony.receive("message", { id: "m" })).to, delivered);
      }
    }),
  );

  test(
    "that is no address is jid-malformed, said by the server, without repeating it",
    story(server, ["romeo"], async ({ romeo }) => {
      const orchard = await romeo.online("orchard");
      for (const to of [
        "@localhost",
        "a b@localhost",
        "a@",
        "a@localhost/",
        "a@-x-",
        "",
        "x".repeat(4_000),
        "a&quot;b@localhost",
      ]) {
        for (const [kind, xml] of [
          ["message", `<message to='${to}' id='bad'/>`],
          ["presence", `<presence to='${to}' id='bad'/>`],
          ["iq", `<iq to='${to}' id='bad' type='get'><ping xmlns='urn:xmpp:ping'/></iq>`],
        ] as const) {
          orchard.send(xml);
          const refusal = await orchard.receive(kind, { id: "bad", type: "error" });
          assert.deepEqual(refusal.error(), { condition: "jid-malformed", type: "modify" });
          assert.equal(refusal.from, "localhost");
          assert.equal(refusal.to, orchard.full);
        }
      }
    }),
  );

  test(
    "decides who gets it: a client gets nothing that is for somebody else",
    story(server, ["romeo", "juliet", "nurse"], async ({ romeo, juliet, nurse }) => {
      const balcony = await juliet.online("balcony");
      const kitchen = await nurse.online("kitchen");
      const orchard = await romeo.online("orchard");
      for (let count = 0; count < 10; count++) {
        orchard.send(
          `<message to='${count % 2 ? juliet.jid : balcony.full}' id='${count}' type='headline'/>`,
        );
      }
      for (let count = 0; count < 10; count++) await balcony.receive("message", { id: String(count) });
      await kitchen.settled();
      assert.deepEqual(kitchen.wire.takeAll(), []);
      for (const stanza of balcony.wire.takeAll())
        assert.ok(stanza.to === balcony.full || stanza.to === juliet.jid);
    }),
  );
});

describe("the language of a stanza", () => {
  test(
    "is that of the sender's stream, where the stanza has none of its own, whatever the server speaks",
    story(server, ["romeo", "juliet"], async ({ romeo, juliet }) => {
      await befriend(romeo, juliet);
      const balcony = await juliet.online("balcony");
      const orchard = await romeo.connect("orchard", { lang: "tlh" });
      await orchard.roster();
      await orchard.presence();
      assert.equal((await balcony.receive("presence", { from: orchard.full })).attributes["xml:lang"], "tlh");
      orchard.send(`<message to='${balcony.full}' id='m'><body>nuqneH</body></message>`);
      assert.equal((await balcony.receive("message", { id: "m" })).attributes["xml:lang"], "tlh");
      orchard.send(
        `<message to='${balcony.full}' id='n' xml:lang='it'><body xml:lang='la'>ave</body></message>`,
      );
      const other = await balcony.receive("message", { id: "n" });
      assert.equal(other.attributes["xml:lang"], "it");
      assert.equal(other.child("body")?.attributes["xml:lang"], "la");
    }),
  );

  test(
    "is left open where neither the stanza nor the stream says any",
    story(server, ["romeo", "juliet"], async ({ romeo, juliet }) => {
      const balcony = await juliet.online("balcony");
      const orchard = await romeo.online("orchard");
      orchard.send(`<message to='${balcony.full}' id='m'/>`);
      assert.ok(!("xml:lang" in (await balcony.receive("message", { id: "m" })).attributes));
    }),
  );
});
