import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { startConnection } from "../testing/start-connection.ts";
import { Uplink } from "../uplink/publish-stanza.ts";

const ns = "xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'";

describe("an error in the first header", () => {
  const cases: readonly [string, string, string][] = [
    [
      "another stream namespace",
      `<stream:stream to='example.org' version='1.0' xmlns='jabber:client' xmlns:stream='urn:wrong'>`,
      "invalid-namespace",
    ],
    [
      "another content namespace",
      `<stream:stream to='example.org' version='1.0' xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams'>`,
      "invalid-namespace",
    ],
    ["a domain that is not served", `<stream:stream to='example.net' version='1.0' ${ns}>`, "host-unknown"],
    ["version 0.9", `<stream:stream to='example.org' version='0.9' ${ns}>`, "unsupported-version"],
    ["no version", `<stream:stream to='example.org' ${ns}>`, "unsupported-version"],
    ["a tag that does not end", `<stream:stream to='example.org' version='1.0' ${ns} <>`, "not-well-formed"],
    ["something that is no XML", "GET / HTTP/1.1\r\n\r\n", "not-well-formed"],
    ["a DTD", "<!DOCTYPE a [ <!ENTITY b 'c'> ]>", "restricted-xml"],
    ["another encoding", "<?xml version='1.0' encoding='latin1'?><stream:stream>", "unsupported-encoding"],
    ["a header that is too long", `<stream:stream to='${"x".repeat(11_000)}`, "policy-violation"],
  ];
  for (const [what, bytes, condition] of cases) {
    test(`such as ${what} is answered by a header, ${condition} and the end`, async (t) => {
      const { connect } = await startConnection(t);
      const client = await connect();
      client.send(bytes);
      const answer = await client.expect("</stream:stream>");
      assert.match(
        answer,
        /^<\?xml version="1\.0"\?><stream:stream [^>]*from="example\.org"[^>]*id="[^"]{22}"/,
      );
      assert.match(
        answer,
        new RegExp(`<stream:error><${condition} xmlns="urn:ietf:params:xml:ns:xmpp-streams"/>`),
      );
      assert.equal(client.reads, 1);
      client.end();
      await client.expectClose();
    });
  }
});

describe("on a stream that is set up", () => {
  const cases: readonly [string, string, string][] = [
    ["XML that is not well-formed", "<message><body></message>", "not-well-formed"],
    ["an unbound prefix", "<message><a:b/></message>", "not-well-formed"],
    ["a comment", "<!-- no -->", "restricted-xml"],
    ["a processing instruction", "<message><?php ?></message>", "restricted-xml"],
    ["an entity that is not predefined", "<message><body>&nbsp;</body></message>", "restricted-xml"],
    ["a first-level element that is no stanza", "<x xmlns='urn:example:x'/>", "unsupported-stanza-type"],
    ["a server's stanza", "<message xmlns='jabber:server'/>", "invalid-namespace"],
    ["another login", "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'/>", "not-authorized"],
    ["text between stanzas", "hello", "bad-format"],
    [
      "a stanza that is too big",
      `<message><body>${"x".repeat(300_000)}</body></message>`,
      "policy-violation",
    ],
    ["a stanza that is too deep", "<message>".concat("<a>".repeat(100)), "policy-violation"],
    [
      "too many attributes",
      `<message ${Array.from({ length: 100 }, (_, i) => `a${i}=''`).join(" ")}/>`,
      "policy-violation",
    ],
  ];
  for (const [what, bytes, condition] of cases) {
    test(`${what} ends it with ${condition}, and the session with it`, async (t) => {
      const { client: login, owners, service } = await startConnection(t);
      const client = await login("juliet", "balcony");
      client.send(bytes);
      const answer = await client.expect("</stream:stream>");
      assert.match(answer, new RegExp(`^<stream:error><${condition} `));
      await owners.until(1);
      assert.deepEqual(owners.kinds, ["presence end-session"]);
      client.end();
      await client.expectClose();
      assert.equal(service.counters().sessions.total, 0);
    });
  }

  test("bytes that are not UTF-8 end it with unsupported-encoding", async (t) => {
    const { client: login } = await startConnection(t);
    const client = await login("juliet", "balcony");
    client.socket.write(Buffer.from([0x3c, 0x6d, 0xff, 0xfe, 0x3e]));
    await client.expect("<stream:error><unsupported-encoding ");
  });

  test("the client's own stream error is answered by the end", async (t) => {
    const { client: login } = await startConnection(t);
    const client = await login("juliet", "balcony");
    client.send(
      "<stream:error><undefined-condition xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>",
    );
    assert.equal(await client.expectEnd(), "</stream:stream>");
  });

  test("white space between stanzas is a sign of life and nothing else", async (t) => {
    const { client: login, owners } = await startConnection(t);
    const client = await login("juliet", "balcony");
    client.send(" \n \t ");
    client.send("<message to='romeo@example.org'/>");
    await owners.until(1);
    assert.deepEqual(owners.kinds, ["deliver"]);
  });

  test("what came before a bad stanza is still taken", async (t) => {
    const { client: login, owners } = await startConnection(t);
    const client = await login("juliet", "balcony");
    client.send("<message to='romeo@example.org'/><presence/><message></presence>");
    await client.expect("<not-well-formed ");
    await owners.until(3);
    assert.deepEqual(owners.kinds, ["deliver", "presence broadcast-presence", "presence end-session"]);
  });
});

describe("before login", () => {
  for (const xml of [
    "<message to='romeo@example.org'/>",
    "<presence/>",
    "<iq type='get' id='1'><x xmlns='y'/></iq>",
  ]) {
    test(`${xml} is not processed and ends the stream`, async (t) => {
      const { connect, owners } = await startConnection(t);
      const client = await connect();
      await client.open();
      client.send(xml);
      await client.expect("<stream:error><not-authorized ");
      assert.deepEqual(owners.received, []);
    });
  }

  test("elements may have 10,000 bytes and not more", async (t) => {
    const { connect } = await startConnection(t);
    const client = await connect();
    await client.open();
    client.send(
      `<auth xmlns="urn:ietf:params:xml:ns:xmpp-sasl" mechanism="PLAIN">${"A".repeat(11_000)}</auth>`,
    );
    await client.expect("<stream:error><policy-violation ");
  });
});

describe("a fault of ours", () => {
  test("ends the stream with internal-server-error, is logged, and touches nobody else", async (t) => {
    const { client: login, log, owners, service } = await startConnection(t);
    const client = await login("juliet", "balcony");
    const other = await login("romeo", "orchard");
    const receive = t.mock.method(Uplink.prototype, "receive", () => {
      throw new Error("broken on purpose");
    });
    client.send("<message to='romeo@example.org'/>");
    assert.match(await client.expect("</stream:stream>"), /^<stream:error><internal-server-error /);
    receive.mock.restore();
    assert.equal(service.counters().streamFaults, 1);
    assert.deepEqual(
      log.map(({ event }) => event).filter((event) => event.startsWith("stream")),
      ["stream.fault"],
    );
    await owners.until(1);
    other.send("<message to='juliet@example.org'/>");
    await owners.until(2);
    assert.deepEqual(owners.kinds, ["presence end-session", "deliver"]);
  });

  test("while the owner is told is a refusal like any other", async (t) => {
    const { client: login, bus } = await startConnection(t);
    const client = await login("juliet", "balcony");
    const publish = t.mock.method(bus, "publish", () => {
      throw new Error("broken on purpose");
    });
    client.send("<message to='romeo@example.org' id='m'/>");
    await client.expect('<error type="cancel"><internal-server-error ');
    publish.mock.restore();
    client.send("</stream:stream>");
    await client.expectEnd();
  });
});
