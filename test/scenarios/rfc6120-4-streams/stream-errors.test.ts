import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { befriend, eventually, story, storyServer, streamHeader, Wire } from "@rollcall/testkit";
import { expectEnd, expectStreamError, openStream, saslNamespace } from "../raw-stream.ts";

const server = await storyServer();
const replacing = await storyServer({ settings: { "presence.resource_conflict": "replace" } });

describe("an error in the first header", () => {
  const cases: readonly (readonly [what: string, bytes: string, condition: string])[] = [
    ["another version of XML", "<?xml version='1.1'?>", "bad-format"],
    ["another protocol", "GET / HTTP/1.1\r\n\r\n", "not-well-formed"],
    ["a comment", `<!-- hello -->${streamHeader("localhost")}`, "restricted-xml"],
    ["another encoding", "<?xml version='1.0' encoding='ISO-8859-1'?>", "unsupported-encoding"],
    ["bytes without end", `<stream:stream to='${"x".repeat(20_000)}`, "policy-violation"],
  ];
  for (const [what, bytes, condition] of cases) {
    test(`such as ${what} is answered by a header, ${condition} and the end, in one piece`, async () => {
      const wire = await Wire.open(server.c2s);
      wire.send(bytes);
      const header = await wire.header();
      assert.equal(header.from, "localhost");
      assert.notEqual(header.id, undefined);
      await expectStreamError(wire, condition);
      assert.equal(wire.reads, 1);
    });
  }
});

describe("an error on an established stream", () => {
  const cases: readonly (readonly [what: string, bytes: string | Uint8Array, condition: string])[] = [
    ["text between stanzas", "hello", "bad-format"],
    [
      "a prefix for a stanza",
      "<c:message xmlns:c='jabber:client' to='localhost'><c:body>x</c:body></c:message>",
      "bad-namespace-prefix",
    ],
    ["a prefix that the stream header declared", "<message><stream:x/></message>", "bad-namespace-prefix"],
    ["a stanza between servers", "<message xmlns='jabber:server' to='localhost'/>", "invalid-namespace"],
    [
      "a login on top of the login",
      `<auth xmlns='${saslNamespace}' mechanism='PLAIN'>AGEAYg==</auth>`,
      "not-authorized",
    ],
    ["tags that do not match", "<message><body></message>", "not-well-formed"],
    ["an unbound prefix", "<message><x:y/></message>", "not-well-formed"],
    [
      "a stanza beyond the limit",
      `<message><body>${"x".repeat(270_000)}</body></message>`,
      "policy-violation",
    ],
    ["a comment", "<message><!-- x --></message>", "restricted-xml"],
    ["bytes that are not UTF-8", Buffer.from([0x3c, 0x6d, 0xc3, 0x28]), "unsupported-encoding"],
    ["an element that is no stanza", "<pubsub/>", "unsupported-stanza-type"],
    ["an element of another namespace", "<x xmlns='urn:example:x'/>", "unsupported-stanza-type"],
  ];
  for (const [what, bytes, condition] of cases) {
    test(
      `such as ${what} is ${condition}, ends the stream and the session, and nobody else's`,
      story(server, ["romeo", "juliet"], async ({ romeo, juliet }) => {
        await befriend(romeo, juliet);
        const balcony = await juliet.online("balcony");
        const orchard = await romeo.online("orchard");
        await balcony.receive("presence", { from: orchard.full });
        orchard.send(`<message to='${balcony.full}' id='before'/>`);
        orchard.wire.send(bytes);
        orchard.send(`<message to='${balcony.full}' id='after'/>`);
        await expectStreamError(orchard.wire, condition);
        await balcony.receive("message", { id: "before", from: orchard.full });
        await balcony.receive("presence", { from: orchard.full, type: "unavailable" });
        await balcony.settled();
        assert.deepEqual(balcony.wire.takeAll(), []);
      }),
    );
  }

  test(
    "names the rule that was broken, quotes nothing, and is no stanza for others",
    story(server, ["romeo"], async ({ romeo }) => {
      const orchard = await romeo.online("orchard");
      orchard.send("<message><body>a secret</boddy></message>");
      const error = await expectStreamError(orchard.wire, "not-well-formed");
      assert.doesNotMatch(error.toString(), /secret|boddy/);
    }),
  );

  test(
    "from the client, known or unknown, is answered by the end",
    story(server, ["romeo"], async ({ romeo }) => {
      for (const condition of ["undefined-condition", "reset", "never-heard-of"]) {
        const { wire } = await romeo.online();
        wire.send(`<stream:error><${condition} xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>`);
        await expectEnd(wire);
        assert.doesNotMatch(wire.received, /stream:error/);
      }
    }),
  );
});

describe("before the login", () => {
  for (const [what, xml] of [
    ["a message to somebody", "<message to='juliet@localhost'><body>hi</body></message>"],
    ["a message to the server", "<message to='localhost'><body>hi</body></message>"],
    ["presence", "<presence/>"],
    ["a roster request", "<iq type='get' id='r'><query xmlns='jabber:iq:roster'/></iq>"],
    ["a bind request", "<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>"],
  ] as const) {
    test(`${what} is not processed, and not-authorized`, async () => {
      const { wire } = await openStream(server);
      wire.send(xml);
      await expectStreamError(wire, "not-authorized");
      assert.doesNotMatch(wire.received, /<iq|<message|<presence/);
    });
  }

  test(
    "a stanza for others is not delivered",
    story(server, ["juliet"], async ({ juliet }) => {
      const balcony = await juliet.online("balcony");
      const { wire } = await openStream(server);
      wire.send(`<message to='${balcony.full}' from='romeo@localhost/x'><body>hi</body></message>`);
      await expectStreamError(wire, "not-authorized");
      await balcony.settled();
      assert.deepEqual(balcony.wire.takeAll(), []);
    }),
  );
});

test(
  "a resource that a newer stream takes over ends the older one with conflict, where the operator wants it so",
  story(replacing, ["juliet"], async ({ juliet }) => {
    const older = await juliet.online("balcony");
    const newer = await juliet.connect("balcony");
    assert.equal(newer.full, older.full);
    await expectStreamError(older.wire, "conflict");
    await newer.settled();
    await eventually("the older connection is gone", () => older.wire.closed);
  }),
);
