import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { befriend, story, storyServer, type XmlNode } from "@rollcall/testkit";
import { stanzaErrors } from "../raw-stream.ts";

const server = await storyServer();
const ping = "<ping xmlns='urn:xmpp:ping'/>";

/** The form of an error (RFC 6120, 8.3): a type, one defined condition, text at most beside it. */
function assertError(stanza: XmlNode, condition: string, type: string): void {
  assert.equal(stanza.type, "error");
  assert.deepEqual(stanza.error(), { condition, type }, stanza.toString());
  const children = stanza.child("error")?.elements() ?? [];
  assert.deepEqual(
    children
      .filter(({ namespace }) => namespace === stanzaErrors && namespace)
      .map(({ name }) => name)
      .filter((name) => name !== "text"),
    [condition],
  );
}

describe("an iq", () => {
  test(
    "that breaks the rules of its shape is a bad-request, with the id that it had",
    story(server, ["romeo", "juliet"], async ({ romeo, juliet }) => {
      const balcony = await juliet.online("balcony");
      const orchard = await romeo.online("orchard");
      const cases: readonly (readonly [xml: string, id: string | undefined])[] = [
        [`<iq type='query' id='1' to='@'>${ping}</iq>`, "1"],
        [`<iq id='2'>${ping}</iq>`, "2"],
        [`<iq type='get'>${ping}</iq>`, undefined],
        [`<iq type='set' id=''>${ping}</iq>`, ""],
        ["<iq type='get' id='3'/>", "3"],
        [`<iq type='get' id='4'>${ping}${ping}</iq>`, "4"],
        [`<iq type='set' id='5' to='${balcony.full}'>text</iq>`, "5"],
      ];
      for (const [xml, id] of cases) {
        orchard.send(xml);
        const refusal = await orchard.receive("iq", {}, (iq) => (iq.id ?? "") === (id ?? ""));
        assertError(refusal, "bad-request", "modify");
      }
      await balcony.settled();
      assert.deepEqual(balcony.wire.takeAll(), []);
    }),
  );

  test(
    "get or set is answered once, with its id, by a result with at most one child or by an error",
    story(server, ["romeo"], async ({ romeo }) => {
      const orchard = await romeo.online("orchard");
      for (const to of [undefined, romeo.jid, "localhost", "localhost/x", orchard.full, "nobody@localhost"]) {
        for (const type of ["get", "set"] as const) {
          for (const payload of [ping, "<query xmlns='jabber:iq:roster'/>", "<x xmlns='urn:example:x'/>"]) {
            if (to === orchard.full) continue;
            const answer = await orchard.request(type, payload, to);
            assert.ok(answer.type === "result" || answer.type === "error");
            if (answer.type === "result") assert.ok(answer.elements().length <= 1);
            else assert.ok(answer.child("error"));
            assert.equal(answer.child("error") !== undefined, answer.type === "error");
          }
        }
      }
      await orchard.settled();
      assert.deepEqual(orchard.wire.takeAll(), [], "no second answer");
    }),
  );

  test(
    "result or error is never answered, well-formed or not",
    story(server, ["romeo", "juliet"], async ({ romeo, juliet }) => {
      await juliet.online("balcony");
      const orchard = await romeo.online("orchard");
      for (const to of [
        "",
        " to='localhost'",
        ` to='${juliet.jid}'`,
        ` to='${juliet.jid}/gone'`,
        " to='nobody@localhost'",
        " to='a@elsewhere.example'",
        " to='@'",
      ]) {
        orchard.send(`<iq type='result' id='r'${to}/>`);
        orchard.send(`<iq type='result' id='r'${to}><a xmlns='urn:a'/><b xmlns='urn:b'/></iq>`);
        orchard.send(`<iq type='error' id='r'${to}/>`);
        orchard.send(
          `<iq type='error' id='r'${to}><error type='cancel'><gone xmlns='${stanzaErrors}'/></error></iq>`,
        );
        orchard.send(`<message type='error' id='r'${to}/>`);
        orchard.send(`<presence type='error' id='r'${to}/>`);
      }
      await orchard.settled();
      assert.deepEqual(orchard.wire.takeAll(), []);
    }),
  );

  test(
    "in a namespace that nobody knows is service-unavailable, from the server and from the account",
    story(server, ["romeo"], async ({ romeo }) => {
      const orchard = await romeo.online("orchard");
      for (const to of ["localhost", undefined, romeo.jid]) {
        const answer = await orchard.request("get", "<x xmlns='urn:example:unknown'/>", to);
        assertError(answer, "service-unavailable", "cancel");
      }
    }),
  );

  test(
    "between people comes through and comes back with the same id",
    story(server, ["romeo", "juliet"], async ({ romeo, juliet }) => {
      await befriend(romeo, juliet);
      const balcony = await juliet.online("balcony");
      const orchard = await romeo.online("orchard");
      orchard.send(`<iq type='get' id='q&amp;1' to='${balcony.full}'><x xmlns='urn:example:x'/></iq>`);
      const request = await balcony.receive("iq", { type: "get", from: orchard.full, id: "q&1" });
      assert.deepEqual(
        request.elements().map(({ name, namespace }) => [name, namespace]),
        [["x", "urn:example:x"]],
      );
      balcony.send(`<iq type='result' id='q&amp;1' to='${orchard.full}'/>`);
      const result = await orchard.receive("iq", { type: "result", id: "q&1" });
      assert.equal(result.from, balcony.full);
      assert.deepEqual(result.children, []);
    }),
  );
});

describe("a stanza error", () => {
  test(
    "is of the stanza's kind, with its id, from whom it was to, and says one condition",
    story(server, ["romeo"], async ({ romeo }) => {
      const orchard = await romeo.online("orchard");
      const elsewhere = "mercutio@verona.example/street";
      for (const [kind, xml] of [
        ["message", `<message to='${elsewhere}' id='e' type='chat'><body>x</body></message>`],
        ["presence", `<presence to='${elsewhere}' id='e'/>`],
        ["iq", `<iq to='${elsewhere}' id='e' type='set'>${ping}</iq>`],
      ] as const) {
        orchard.send(xml);
        const refusal = await orchard.receive(kind, { id: "e", type: "error" });
        assert.equal(refusal.from, elsewhere);
        assert.equal(refusal.to, orchard.full);
        assertError(refusal, "remote-server-not-found", "cancel");
      }
    }),
  );

  test(
    "tells a stranger the same about a bare and a full JID, there or not",
    story(server, ["romeo", "juliet"], async ({ romeo, juliet }) => {
      const balcony = await juliet.online("balcony");
      const orchard = await romeo.online("orchard");
      const answers = new Set<string>();
      for (const to of [
        juliet.jid,
        balcony.full,
        `${juliet.jid}/gone`,
        "nobody@localhost",
        "nobody@localhost/x",
      ]) {
        const answer = await orchard.request("get", "<query xmlns='jabber:iq:version'/>", to);
        assert.equal(answer.from, to);
        answers.add(JSON.stringify([answer.error(), answer.children.map(String)]));
      }
      assert.equal(answers.size, 1, [...answers].join("\n"));
      assert.match([...answers][0] ?? "", /service-unavailable/);
      await balcony.settled();
      assert.deepEqual(balcony.wire.takeAll(), []);
    }),
  );

  test(
    "from a client reaches the other with a condition that nobody knows",
    story(server, ["romeo", "juliet"], async ({ romeo, juliet }) => {
      const balcony = await juliet.online("balcony");
      const orchard = await romeo.online("orchard");
      balcony.send(
        `<message type='error' id='x' to='${orchard.full}'><error type='cancel'><never-heard-of xmlns='${stanzaErrors}'/><app xmlns='urn:example:app'/></error></message>`,
      );
      const error = await orchard.receive("message", { type: "error", id: "x", from: balcony.full });
      assert.deepEqual(
        error
          .child("error")
          ?.elements()
          .map(({ name }) => name),
        ["never-heard-of", "app"],
      );
      await balcony.settled();
      assert.deepEqual(balcony.wire.takeAll(), []);
    }),
  );
});
