/** RFC 6121, 8.2 to 8.4: stanzas without `to`, for other domains, and for the server itself. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { befriend, type Person, story, storyServer, type XmppClient } from "@rollcall/testkit";
import { conversation, quiet, takeConversation } from "../exact-stanzas.ts";

const server = await storyServer();

function refusal(
  kind: string,
  from: string,
  to: string,
  condition: string,
  id = "x",
  type = "cancel",
): string {
  return `<${kind} from='${from}' id='${id}' to='${to}' type='error'><error type='${type}'><${condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></${kind}>`;
}

async function withFriend(
  romeo: Person,
  juliet: Person,
): Promise<{ orchard: XmppClient; garden: XmppClient; balcony: XmppClient }> {
  await befriend(romeo, juliet);
  const balcony = await juliet.online("balcony");
  const garden = await romeo.online("garden");
  const orchard = await romeo.online("orchard");
  await quiet([balcony, garden, orchard]);
  for (const session of [balcony, garden, orchard]) session.wire.takeAll();
  return { orchard, garden, balcony };
}

describe("a stanza without to", () => {
  test(
    "that is a message is a message for the sender's own bare JID",
    story(server, ["romeo", "juliet"], async ({ romeo, juliet }) => {
      const { orchard, garden, balcony } = await withFriend(romeo, juliet);
      orchard.send("<message id='x'><body>note to self</body></message>");
      await quiet([orchard, garden, balcony]);
      const note = `<message from='${orchard.full}' id='x' to='${romeo.jid}'><body>note to self</body></message>`;
      assert.deepEqual(takeConversation(orchard), [note]);
      assert.deepEqual(takeConversation(garden), [note]);
      assert.deepEqual(takeConversation(balcony), []);

      orchard.send("<message id='x' type='groupchat'><body>hello, all</body></message>");
      await orchard.settled();
      const [answer] = conversation(orchard.wire.takeAll());
      assert.equal(answer, refusal("message", romeo.jid, orchard.full, "service-unavailable"));
    }),
  );

  test(
    "that is presence is broadcast",
    story(server, ["romeo", "juliet"], async ({ romeo, juliet }) => {
      const { orchard, garden, balcony } = await withFriend(romeo, juliet);
      orchard.send("<presence id='x'><show>dnd</show></presence>");
      await quiet([orchard, garden, balcony]);
      const to = (address: string) =>
        `<presence from='${orchard.full}' id='x' to='${address}'><show>dnd</show></presence>`;
      assert.deepEqual(takeConversation(orchard), [to(orchard.full)]);
      assert.deepEqual(takeConversation(garden), [to(garden.full)]);
      assert.deepEqual(takeConversation(balcony), [to(juliet.jid)]);

      for (const type of ["probe", "error"]) orchard.send(`<presence id='x' type='${type}'/>`);
      await quiet([orchard, garden, balcony]);
      for (const session of [orchard, garden, balcony]) assert.deepEqual(takeConversation(session), []);
    }),
  );

  test(
    "that is an iq is handled for the account, or refused",
    story(server, ["romeo", "juliet"], async ({ romeo, juliet }) => {
      const { orchard, garden, balcony } = await withFriend(romeo, juliet);
      const roster = await orchard.request("get", "<query xmlns='jabber:iq:roster'/>");
      assert.equal(roster.type, "result");
      const ping = await orchard.request("get", "<ping xmlns='urn:xmpp:ping'/>");
      assert.equal(ping.type, "result");
      assert.equal(ping.from, romeo.jid);
      for (const type of ["get", "set"] as const) {
        const unknown = await orchard.request(type, "<query xmlns='urn:example:unknown'/>");
        assert.deepEqual(unknown.error(), { condition: "service-unavailable", type: "cancel" });
      }
      orchard.send("<iq type='result' id='nobody-asked'/>");
      orchard.send(
        "<iq type='error' id='nobody-asked'><error type='cancel'><conflict xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>",
      );
      await quiet([orchard, garden, balcony]);
      for (const session of [orchard, garden, balcony]) assert.deepEqual(takeConversation(session), []);
    }),
  );
});

describe("a stanza for another domain", () => {
  const addresses = ["capulet.example", "juliet@capulet.example", "juliet@capulet.example/balcony"];

  test(
    "that is a message is returned with remote-server-not-found",
    story(server, ["romeo"], async ({ romeo }) => {
      const orchard = await romeo.online("orchard");
      for (const to of addresses) {
        for (const type of ["", " type='chat'", " type='groupchat'", " type='headline'"]) {
          orchard.send(`<message to='${to}' id='x'${type}><body>hello</body></message>`);
          const [answer] = conversation([await orchard.receive("message", { id: "x" })]);
          assert.equal(answer, refusal("message", to, orchard.full, "remote-server-not-found"));
        }
        orchard.send(`<message to='${to}' id='x' type='error'/>`);
      }
      await orchard.settled();
      assert.deepEqual(takeConversation(orchard), []);
    }),
  );

  test(
    "that is presence is returned with remote-server-not-found, but for probes and errors",
    story(server, ["romeo"], async ({ romeo }) => {
      const orchard = await romeo.online("orchard");
      for (const to of addresses) {
        for (const type of ["", " type='unavailable'"]) {
          orchard.send(`<presence to='${to}' id='x'${type}/>`);
          const [answer] = conversation([await orchard.receive("presence", { id: "x" })]);
          assert.equal(answer, refusal("presence", to, orchard.full, "remote-server-not-found"));
        }
        orchard.send(`<presence to='${to}' id='x' type='probe'/>`);
        orchard.send(`<presence to='${to}' id='x' type='error'/>`);
      }
      await quiet([orchard]);
      assert.deepEqual(takeConversation(orchard), []);
    }),
  );

  test(
    "that asks for a subscription is returned with the contact's address, and the roster stays as it is",
    story(server, ["romeo"], async ({ romeo }) => {
      const orchard = await romeo.online("orchard");
      orchard.send("<presence to='juliet@capulet.example/balcony' id='x' type='subscribe'/>");
      const [answer] = conversation([await orchard.receive("presence", { id: "x" })]);
      assert.equal(
        answer,
        refusal("presence", "juliet@capulet.example", romeo.jid, "remote-server-not-found"),
      );
      await quiet([orchard]);
      assert.deepEqual(takeConversation(orchard), []);
      assert.equal((await romeo.contacts()).size, 0);
    }),
  );

  test(
    "that is an iq is returned with remote-server-not-found",
    story(server, ["romeo"], async ({ romeo }) => {
      const orchard = await romeo.online("orchard");
      for (const to of addresses) {
        for (const payload of ["<ping xmlns='urn:xmpp:ping'/>", "<query xmlns='jabber:iq:roster'/>"]) {
          orchard.send(`<iq to='${to}' id='x' type='get'>${payload}</iq>`);
          const [answer] = conversation([await orchard.receive("iq", { id: "x" })]);
          assert.equal(answer, refusal("iq", to, orchard.full, "remote-server-not-found"));
        }
        orchard.send(`<iq to='${to}' id='x' type='result'/>`);
      }
      await orchard.settled();
      assert.deepEqual(takeConversation(orchard), []);
    }),
  );
});

for (const [what, to] of [
  ["its own domain", "localhost"],
  ["a resource of its own domain", "localhost/announce"],
] as const) {
  describe(`a stanza for the server, at ${what},`, () => {
    test(
      "that is a message is refused",
      story(server, ["romeo"], async ({ romeo }) => {
        const orchard = await romeo.online("orchard");
        for (const type of ["", " type='chat'", " type='groupchat'", " type='headline'"]) {
          orchard.send(`<message to='${to}' id='x'${type}><body>hello</body></message>`);
          const [answer] = conversation([await orchard.receive("message", { id: "x" })]);
          assert.equal(answer, refusal("message", to, orchard.full, "service-unavailable"));
        }
        orchard.send(`<message to='${to}' id='x' type='error'/>`);
        await orchard.settled();
        assert.deepEqual(takeConversation(orchard), []);
      }),
    );

    test(
      "that is presence is taken without an answer, but for a request, which nobody would ever approve",
      story(server, ["romeo"], async ({ romeo }) => {
        const orchard = await romeo.online("orchard");
        for (const type of [
          "",
          "unavailable",
          "probe",
          "error",
          "subscribed",
          "unsubscribe",
          "unsubscribed",
        ]) {
          orchard.send(`<presence to='${to}' id='x'${type === "" ? "" : ` type='${type}'`}/>`);
        }
        await quiet([orchard]);
        assert.deepEqual(takeConversation(orchard), []);
        orchard.send(`<presence to='${to}' id='x' type='subscribe'/>`);
        const [answer] = conversation([await orchard.receive("presence", { id: "x" })]);
        assert.equal(answer, refusal("presence", "localhost", romeo.jid, "service-unavailable"));
        await quiet([orchard]);
        assert.deepEqual(takeConversation(orchard), []);
        assert.equal((await romeo.contacts()).size, 0);
      }),
    );

    test(
      "that is an iq is answered by the server, or refused",
      story(server, ["romeo"], async ({ romeo }) => {
        const orchard = await romeo.online("orchard");
        const ping = await orchard.request("get", "<ping xmlns='urn:xmpp:ping'/>", to);
        assert.deepEqual(ping.attributes, { from: to, id: ping.id, to: orchard.full, type: "result" });
        assert.deepEqual(ping.children, []);
        for (const type of ["get", "set"] as const) {
          const unknown = await orchard.request(type, "<query xmlns='urn:example:unknown'/>", to);
          assert.deepEqual(unknown.error(), { condition: "service-unavailable", type: "cancel" });
          assert.equal(unknown.from, to);
        }
        for (const type of ["result", "error"]) orchard.send(`<iq to='${to}' id='x' type='${type}'/>`);
        await orchard.settled();
        assert.deepEqual(takeConversation(orchard), []);
      }),
    );
  });
}
