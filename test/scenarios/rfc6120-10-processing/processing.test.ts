import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { befriend, story, storyServer } from "@rollcall/testkit";

const server = await storyServer();

describe("the order of stanzas", () => {
  test(
    "from one stream to one recipient is kept, whatever their kind, and by bare or full JID",
    story(server, ["romeo", "juliet"], async ({ romeo, juliet }) => {
      await befriend(romeo, juliet);
      const balcony = await juliet.online("balcony");
      const orchard = await romeo.online("orchard");
      await balcony.receive("presence", { from: orchard.full });
      const sent: string[] = [];
      let bytes = "";
      for (let count = 0; count < 300; count++) {
        const id = `o${count}`;
        sent.push(id);
        const to = count % 2 === 0 ? juliet.jid : balcony.full;
        bytes += [
          `<message to='${to}' id='${id}' type='chat'><body>${count}</body></message>`,
          `<presence id='${id}'><status>${count}</status></presence>`,
          `<iq type='set' id='${id}' to='${balcony.full}'><x xmlns='urn:example:x'/></iq>`,
          `<presence to='${to}' id='${id}'/>`,
          `<message to='${to}' id='${id}' type='headline'/>`,
        ][count % 5];
      }
      orchard.send(bytes);
      await balcony.wire.take(({ id }) => id === "o299");
      const received = balcony.wire.takeAll().flatMap(({ id }) => (id?.startsWith("o") ? [id] : []));
      assert.deepEqual([...received, "o299"], sent);
    }),
  );

  test(
    "holds for what they change: a roster change counts for what is sent behind it",
    story(server, ["romeo", "juliet"], async ({ romeo, juliet }) => {
      await befriend(romeo, juliet);
      const balcony = await juliet.online("balcony");
      const orchard = await romeo.online("orchard");
      await balcony.receive("presence", { from: orchard.full });
      orchard.send(
        `<presence id='seen'/><presence to='${juliet.jid}' type='unsubscribed'/><presence id='unseen'/>` +
          `<message to='${juliet.jid}' id='end'/>`,
      );
      await balcony.receive("message", { id: "end" });
      const ids = balcony.wire.takeAll().map(({ id, type }) => `${type ?? "available"} ${id}`);
      assert.ok(ids.includes("available seen"), ids.join());
      assert.ok(!ids.includes("available unseen"), ids.join());
    }),
  );
});

describe("a stanza without to", () => {
  test(
    "is the sender's own: a message to the account, presence to the subscribers, an iq for the account",
    story(server, ["romeo", "juliet"], async ({ romeo, juliet }) => {
      await befriend(romeo, juliet);
      const balcony = await juliet.online("balcony");
      const orchard = await romeo.online("orchard");
      await balcony.receive("presence", { from: orchard.full });
      orchard.send("<message id='note' type='chat'><body>to myself</body></message>");
      const note = await orchard.receive("message", { id: "note" });
      assert.equal(note.from, orchard.full);
      assert.equal(note.to, romeo.jid);
      orchard.send("<presence id='p'/>");
      assert.equal((await balcony.receive("presence", { id: "p" })).to, juliet.jid);
      assert.equal((await orchard.roster()).type, "result");
      const info = await orchard.request("get", "<query xmlns='http://jabber.org/protocol/disco#info'/>");
      assert.deepEqual(info.child("query")?.child("identity")?.attributes, {
        category: "account",
        type: "registered",
      });
      await balcony.settled();
      assert.deepEqual(balcony.wire.takeAll(), []);
    }),
  );

  test(
    "that is an iq nobody knows is service-unavailable, and an answer to nothing is ignored",
    story(server, ["romeo"], async ({ romeo }) => {
      const orchard = await romeo.online("orchard");
      orchard.send("<iq type='result' id='never-asked'/><iq type='error' id='never-asked'/>");
      const refusal = await orchard.request("set", "<x xmlns='urn:example:unknown'/>");
      assert.deepEqual(refusal.error(), { condition: "service-unavailable", type: "cancel" });
      await orchard.settled();
      assert.deepEqual(orchard.wire.takeAll(), []);
    }),
  );
});

describe("a stanza for the server", () => {
  test(
    "or a resource of it is handled or refused, and goes nowhere else",
    story(server, ["romeo"], async ({ romeo }) => {
      const orchard = await romeo.online("orchard");
      for (const to of ["localhost", "localhost/anything"]) {
        const pong = await orchard.request("get", "<ping xmlns='urn:xmpp:ping'/>", to);
        assert.deepEqual([pong.type, pong.from], ["result", to]);
        const refusal = await orchard.request("get", "<x xmlns='urn:example:unknown'/>", to);
        assert.deepEqual(refusal.error(), { condition: "service-unavailable", type: "cancel" });
      }
    }),
  );
});

describe("a stanza for an account that does not exist", () => {
  test(
    "looks as for one that is not there: iqs are refused, messages kept silently, presence ignored",
    story(server, ["romeo", "juliet"], async ({ romeo, juliet }) => {
      const orchard = await romeo.online("orchard");
      for (const to of ["nobody@localhost", juliet.jid]) {
        const refusal = await orchard.request("get", "<ping xmlns='urn:xmpp:ping'/>", to);
        assert.deepEqual(refusal.error(), { condition: "service-unavailable", type: "cancel" });
        orchard.send(`<message to='${to}' type='chat'><body>hello?</body></message>`);
        orchard.send(`<presence to='${to}'/>`);
        await orchard.settled();
        assert.deepEqual(orchard.wire.takeAll(), [], to);
      }
    }),
  );
});

describe("a stanza for another domain", () => {
  test(
    "comes back as remote-server-not-found, and probes, answers and errors vanish",
    story(server, ["romeo"], async ({ romeo }) => {
      const orchard = await romeo.online("orchard");
      for (const to of ["tybalt@verona.example", "verona.example", "tybalt@verona.example/x"]) {
        orchard.send(`<message to='${to}' id='m'><body>x</body></message>`);
        const message = await orchard.receive("message", { id: "m", type: "error", from: to });
        assert.deepEqual(message.error(), { condition: "remote-server-not-found", type: "cancel" });
        const iq = await orchard.request("get", "<ping xmlns='urn:xmpp:ping'/>", to);
        assert.deepEqual(iq.error(), { condition: "remote-server-not-found", type: "cancel" });
        orchard.send(
          `<iq type='result' id='r' to='${to}'/><message type='error' to='${to}'/><presence type='probe' to='${to}'/>`,
        );
      }
      await orchard.settled();
      assert.deepEqual(orchard.wire.takeAll(), []);
    }),
  );
});

describe("a stanza for a resource", () => {
  test(
    "that is there is delivered to it alone, by its exact name",
    story(server, ["romeo", "juliet"], async ({ romeo, juliet }) => {
      await befriend(romeo, juliet);
      const balcony = await juliet.online("balcony");
      const capital = await juliet.online("Balcony");
      const orchard = await romeo.online("orchard");
      assert.notEqual(balcony.full, capital.full);
      orchard.send(`<message to='${balcony.full}' id='m' type='chat'/>`);
      orchard.send(`<iq type='get' to='${balcony.full}' id='i'><ping xmlns='urn:xmpp:ping'/></iq>`);
      await balcony.receive("message", { id: "m", to: balcony.full });
      await balcony.receive("iq", { id: "i", to: balcony.full });
      await capital.settled();
      assert.deepEqual(
        capital.wire.takeAll().filter(({ name }) => name !== "presence"),
        [],
      );
    }),
  );
});
