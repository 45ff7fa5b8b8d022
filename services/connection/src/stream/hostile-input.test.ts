import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { eventually } from "../testing/eventually.ts";
import { plainAuth, streamHeader } from "../testing/scripted-client.ts";
import { startConnection } from "../testing/start-connection.ts";

const bind =
  '<iq type="set" id="b"><bind xmlns="urn:ietf:params:xml:ns:xmpp-bind"><resource>r</resource></bind></iq>';
const pieces = [
  streamHeader(),
  plainAuth("juliet", "secret"),
  bind,
  "<presence/>",
  "<message to='romeo@example.org'><body>&lt;hello&gt;</body></message>",
  "<iq type='get' id='1'><query xmlns='jabber:iq:roster'/></iq>",
  "<iq type='get' id='2' to='example.org'><ping xmlns='urn:xmpp:ping'/></iq>",
  "<presence type='subscribe' to='romeo@example.org'/>",
  '<auth xmlns="urn:ietf:params:xml:ns:xmpp-sasl" mechanism="SCRAM-SHA-1">biwsbj1qdWxpZXQscj1h</auth>',
  '<response xmlns="urn:ietf:params:xml:ns:xmpp-sasl">Yz1iaXdz</response>',
  '<abort xmlns="urn:ietf:params:xml:ns:xmpp-sasl"/>',
  '<starttls xmlns="urn:ietf:params:xml:ns:xmpp-tls"/>',
  "</stream:stream>",
  "<stream:error/>",
];

/** Parts of real sessions in any order, with some bytes changed, in packets of any size. */
const input = fc.record({
  text: fc.array(fc.integer({ min: 0, max: pieces.length - 1 }), { maxLength: 8 }).map((chosen) =>
    pieces
      .slice(0, 3)
      .concat(chosen.map((index) => pieces[index]!))
      .join(""),
  ),
  skip: fc.constantFrom(0, 0, 0, streamHeader().length, 40),
  changes: fc.array(fc.record({ at: fc.nat(), byte: fc.integer({ min: 0, max: 255 }) }), { maxLength: 3 }),
  packet: fc.constantFrom(1_000_000, 1_000, 7),
});

test("no input brings the process down, nor another session", async (t) => {
  const {
    client: login,
    connect,
    owners,
    service,
    bus,
  } = await startConnection(t, {
    settings: {
      "limits.attempts_per_address": 1_000_000,
      "limits.connections_per_address": 100_000,
      "auth.failures_per_address": 1_000_000,
    },
  });
  const witness = await login("romeo", "orchard");
  await fc.assert(
    fc.asyncProperty(input, async ({ text, skip, changes, packet }) => {
      const bytes = Buffer.from(text).subarray(skip);
      for (const { at, byte } of changes) if (bytes.length > 0) bytes[at % bytes.length] = byte;
      const client = await connect();
      for (let at = 0; at < bytes.length; at += packet) client.socket.write(bytes.subarray(at, at + packet));
      client.end();
      await client.expectEnd();
    }),
    { numRuns: Number(process.env.FUZZ_RUNS ?? 150) },
  );
  witness.send("<iq type='get' id='alive' to='example.org'><ping xmlns='urn:xmpp:ping'/></iq>");
  await witness.expect('id="alive"');
  await eventually(() => assert.equal(service.counters().connections, 1));
  assert.equal(service.counters().sessions.total, 1);
  assert.equal(service.counters().streamFaults, 0);
  // Every session that was bound has ended, exactly once.
  await bus.drain();
  const ended = owners.received.flatMap(({ payload }) =>
    "kind" in payload && payload.kind === "end-session" ? [payload.session.session] : [],
  );
  assert.equal(new Set(ended).size, ended.length);
  assert.equal(ended.length, service.counters().logins - 1);
});
