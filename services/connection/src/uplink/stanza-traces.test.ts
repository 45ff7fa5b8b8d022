import assert from "node:assert/strict";
import { test } from "node:test";
import { createRecordedTracer } from "@rollcall/telemetry/testing";
import { parseStanza } from "@rollcall/xmpp";
import { fakeSession } from "../testing/fake-session.ts";
import { StanzaTraces } from "./stanza-traces.ts";

const message = parseStanza("<message to='romeo@example.org/x' type='chat'><body>psst</body></message>");
assert.ok(message);

/** The spans of one stanza that ends like this. */
async function traced(options: { ratio: number; slowMs?: number }, error: string | undefined) {
  const { tracer, spans } = createRecordedTracer(options);
  const traces = new StanzaTraces(tracer);
  const { session } = fakeSession();
  assert.ok(message);
  traces.end(session, message, traces.begin(session, message), error);
  return spans();
}

test("a stanza that is sampled has a span that says what it is, and not what it says", async () => {
  const [span, ...more] = await traced({ ratio: 1 }, undefined);
  assert.deepEqual(more, []);
  assert.equal(span?.name, "receive message");
  assert.deepEqual(span?.attributes, {
    "xmpp.account": "juliet@example.org",
    "xmpp.session": "juliet@example.org/balcony",
    "xmpp.node": "node-1",
    "xmpp.partition": 156,
    "xmpp.stanza.kind": "message",
    "xmpp.stanza.type": "chat",
    "xmpp.to": "romeo@example.org/x",
  });
});

test("one that is not leaves nothing", async () => {
  assert.deepEqual(await traced({ ratio: 0 }, undefined), []);
});

test("unless it failed", async () => {
  const [span] = await traced({ ratio: 0 }, "service-unavailable");
  assert.deepEqual(
    [span?.name, span?.isError, span?.attributes["error.type"]],
    ["receive message", true, "service-unavailable"],
  );
});

test("or was slow", async () => {
  const [span] = await traced({ ratio: 0, slowMs: 0 }, undefined);
  assert.deepEqual([span?.name, span?.isError], ["receive message", false]);
});

test("what a client makes up is not shown, or cut", async () => {
  const { tracer, spans } = createRecordedTracer();
  const traces = new StanzaTraces(tracer);
  const { session } = fakeSession();
  const long = "x".repeat(200_000);
  const stanza = parseStanza(`<message type='${long}' to='${long}@example.org'/>`);
  assert.ok(stanza);
  traces.end(session, stanza, traces.begin(session, stanza), "bad-request");
  const [span] = await spans();
  assert.equal(span?.attributes["xmpp.stanza.type"], "other");
  assert.equal(String(span?.attributes["xmpp.to"]).length, 3_071);
});

test("namespaces of a client's own are not shown", async () => {
  const { tracer, spans } = createRecordedTracer();
  const traces = new StanzaTraces(tracer);
  const { session } = fakeSession();
  for (const xml of [
    "<iq type='get' id='1'><query xmlns='jabber:iq:roster'/></iq>",
    "<iq type='get' id='2'><query xmlns='my:secret'/></iq>",
  ]) {
    const stanza = parseStanza(xml);
    assert.ok(stanza);
    traces.end(session, stanza, traces.begin(session, stanza), undefined);
  }
  assert.deepEqual(
    (await spans()).map(({ attributes }) => attributes["xmpp.stanza.child"]),
    ["jabber:iq:roster", "other"],
  );
});
