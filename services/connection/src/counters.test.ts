import assert from "node:assert/strict";
import { test } from "node:test";
import { type Counts, type Histograms, loginMechanisms } from "@rollcall/telemetry";
import { saslMechanisms } from "@rollcall/xmpp";
import { eventually } from "./testing/eventually.ts";
import { base64, plainAuth, type ScriptedClient } from "./testing/scripted-client.ts";
import { startConnection } from "./testing/start-connection.ts";

/** Counts that are not 0, under the values of their attributes. */
function counted(counts: Counts): Record<string, number> {
  const found: Record<string, number> = {};
  for (const [i, attributes] of counts.series.entries()) {
    const count = counts.values[i] ?? 0;
    if (count > 0) found[Object.values(attributes).join(" ")] = count;
  }
  return found;
}

function measured(histograms: Histograms): Record<string, number> {
  const found: Record<string, number> = {};
  for (const { attributes, histogram } of histograms.members())
    if (histogram.count > 0) found[Object.values(attributes).join(" ")] = histogram.count;
  return found;
}

async function startTls(client: ScriptedClient): Promise<void> {
  client.send('<starttls xmlns="urn:ietf:params:xml:ns:xmpp-tls"/>');
  await client.expect("<proceed");
  await client.startTls();
}

test("the catalogue has the mechanisms that there are", () => {
  assert.deepEqual(loginMechanisms, saslMechanisms);
});

test("sessions are counted by domain and transport, until they end", async (t) => {
  const { service, connect, clock } = await startConnection(t, {
    settings: { domains: ["example.org", "example.net"] },
  });
  const plain = await connect();
  await plain.logIn("juliet", "chamber");
  const secured = await connect();
  await secured.open();
  await startTls(secured);
  await secured.logIn("romeo", "orchard");
  assert.deepEqual(counted(service.counters().sessions), {
    "example.org tcp": 1,
    "example.org starttls": 1,
  });
  assert.equal(service.counters().loginsUnderWay, 0);
  secured.send("</stream:stream>");
  await secured.expectEnd();
  assert.deepEqual(counted(service.counters().sessions), { "example.org tcp": 1 });
  assert.ok(service.counters().certificateExpiry > clock.time / 1_000);
});

test("logins are measured by phase, and their exchanges counted by mechanism and outcome", async (t) => {
  const { service, connect, owners } = await startConnection(t, {
    settings: { "auth.failures_per_address": 2 },
  });
  const client = await connect();
  await client.open();
  client.send(plainAuth("juliet", "wrong"));
  await client.expect("<not-authorized/>");
  client.send(plainAuth("tybalt", "secret"));
  await client.expect("<account-disabled/>");
  client.send(
    `<auth xmlns="urn:ietf:params:xml:ns:xmpp-sasl" mechanism="SCRAM-SHA-1">${base64("n,,n=juliet,r=abc")}</auth>`,
  );
  await client.expect("</challenge>");
  client.send('<abort xmlns="urn:ietf:params:xml:ns:xmpp-sasl"/>');
  await client.expect("<aborted/>");
  assert.deepEqual(measured(service.counters().loginSeconds), {});

  owners.onBind = ({ requested, generated }) => ({ kind: "bound", resource: requested ?? generated });
  const other = await connect();
  await other.open();
  await other.authenticate("juliet");
  await other.open();
  assert.deepEqual(measured(service.counters().loginSeconds), { sasl: 1 });
  await other.bind("balcony");
  assert.deepEqual(measured(service.counters().loginSeconds), { sasl: 1, bind: 1, total: 1 });

  const leaving = await connect();
  await leaving.open();
  leaving.send(
    `<auth xmlns="urn:ietf:params:xml:ns:xmpp-sasl" mechanism="SCRAM-SHA-256">${base64("n,,n=juliet,r=abc")}</auth>`,
  );
  await leaving.expect("</challenge>");
  leaving.destroy();
  const attempts = () => counted(service.counters().loginAttempts);
  await eventually(() => assert.equal(attempts()["SCRAM-SHA-256 left"], 1));

  const guessing = await connect();
  await guessing.open();
  guessing.send(plainAuth("juliet", "wrong"));
  await guessing.expect("<not-authorized/>");
  guessing.send(plainAuth("juliet", "guess"));
  await guessing.expect("policy-violation");
  assert.deepEqual(attempts(), {
    "SCRAM-SHA-256 left": 1,
    "SCRAM-SHA-1 aborted": 1,
    "PLAIN success": 1,
    "PLAIN not_authorized": 2,
    "PLAIN refused": 1,
    "PLAIN throttled": 1,
  });
});

test("a TLS handshake is a phase of its own", async (t) => {
  const { service, connect } = await startConnection(t);
  const client = await connect();
  await client.open();
  await startTls(client);
  await client.logIn("juliet", "balcony");
  assert.deepEqual(measured(service.counters().loginSeconds), { tls: 1, sasl: 1, bind: 1, total: 1 });
});

test("stanzas are counted by what has to be done for them, and measured when their owner is done", async (t) => {
  const { service, client, owners } = await startConnection(t);
  const juliet = await client("juliet", "balcony");
  owners.onReceived = () => ({ kind: "done" });
  juliet.send("<presence/>");
  juliet.send("<presence to='romeo@example.org'/>");
  juliet.send("<presence to='romeo@example.org' type='subscribe'/>");
  juliet.send("<iq type='get' id='1'><query xmlns='jabber:iq:roster'/></iq>");
  juliet.send("<message to='romeo@example.org'><body>hi</body></message>");
  juliet.send("<iq type='get' id='2' to='romeo@example.org/x'><ping xmlns='urn:xmpp:ping'/></iq>");
  juliet.send("<iq type='get' id='3' to='example.org'><ping xmlns='urn:xmpp:ping'/></iq>");
  juliet.send("<message to='@'/>");
  const each = { message: 1, iq: 1, roster: 1, presence: 1, directed_presence: 1, subscription: 1 };
  await eventually(() => assert.deepEqual(measured(service.counters().uplinkSeconds), each));
  assert.deepEqual(counted(service.counters().stanzasIn), { ...each, iq: 2 });
  assert.deepEqual(counted(service.counters().stanzasRefused), { message: 1 });
  assert.deepEqual(counted(service.counters().stanzasBounced), {});
  assert.equal(service.counters().stanzasUnderWay, 0);
});
