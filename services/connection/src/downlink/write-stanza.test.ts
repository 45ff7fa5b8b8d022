import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Bus, BusError } from "@rollcall/bus";
import type { DeliverStanza, NodeDelivery } from "@rollcall/contracts";
import { type LogFields, silentLogger } from "@rollcall/telemetry";
import { LocalSessions } from "../sessions/local-sessions.ts";
import { fakeSession } from "../testing/fake-session.ts";
import { DeliveryWriter } from "./write-stanza.ts";

function setUp() {
  const sessions = new LocalSessions("node-1");
  const published: { key: string; payload: DeliverStanza }[] = [];
  const log: LogFields[] = [];
  const bus = { fails: false };
  const publish = async (_channel: unknown, key: string, payload: DeliverStanza) => {
    if (bus.fails) throw new BusError("no-owner", "none");
    published.push({ key, payload });
  };
  const writer = new DeliveryWriter({
    bus: { publish } as unknown as Bus,
    clock: { now: () => 9 },
    logger: { ...silentLogger, warn: (fields) => void log.push(fields) },
    sessions,
    nodeId: "node-1",
  });
  const write = (delivery: NodeDelivery) => writer.write(delivery, { from: undefined, asOf: 0 });
  return { sessions, writer: { counters: writer.counters, write }, published, log, bus };
}

describe("a delivery", () => {
  test("is written to its session", () => {
    const { sessions, writer } = setUp();
    const { session, written } = fakeSession({ handle: 3 });
    sessions.add(session);
    writer.write({ kind: "write", session: 3, xml: "<message/>" });
    assert.deepEqual(written, ["<message/>"]);
    assert.equal(writer.counters.stanzasOut, 1);
  });

  test("for several sessions differs in to alone", () => {
    const { sessions, writer } = setUp();
    const one = fakeSession({ handle: 1 });
    const two = fakeSession({ handle: 2 });
    sessions.add(one.session);
    sessions.add(two.session);
    const fanOut = { before: '<presence to="', after: '"/>', to: ["a@b", "c@d", "e@f"], sessions: [1, 9, 2] };
    writer.write({ kind: "fan-out", ...fanOut });
    assert.deepEqual(one.written, ['<presence to="a@b"/>']);
    assert.deepEqual(two.written, ['<presence to="e@f"/>']);
    assert.deepEqual([writer.counters.stanzasOut, writer.counters.stanzasDropped], [2, 1]);
  });

  test("can end a session", () => {
    const { sessions, writer } = setUp();
    const { session, closed } = fakeSession({ handle: 3 });
    sessions.add(session);
    writer.write({ kind: "close", session: 3, condition: "conflict", text: "replaced" });
    writer.write({ kind: "close", session: 4, condition: "conflict", text: undefined });
    assert.deepEqual(closed, [{ condition: "conflict", text: "replaced" }]);
  });
});

describe("for a session that is gone", () => {
  const gone = async (xml: string) => {
    const { writer, published } = setUp();
    writer.write({ kind: "write", session: 8, xml });
    await new Promise((resolve) => setImmediate(resolve));
    return published;
  };

  test("messages and requests go back to the owner of the account", async () => {
    const published = await gone(
      '<message from="romeo@example.org/x" to="juliet@example.org/balcony"><body>a &amp; b</body></message>' +
        '<iq type="get" id="i" from="romeo@example.org/x" to="juliet@example.org/balcony"><x xmlns="y"/></iq>',
    );
    assert.deepEqual(
      published.map(({ key }) => key),
      ["juliet@example.org", "juliet@example.org"],
    );
    const [message, request] = published.map(({ payload }) => payload);
    assert.deepEqual(message?.failedSession, { node: "node-1", session: 8 });
    assert.equal(message?.at, 9);
    assert.equal(message?.stanza.payload, "<body>a &amp; b</body>");
    assert.equal(request?.stanza.id, "i");
  });

  test("presence, answers and what the server asked for the account are dropped", async () => {
    assert.deepEqual(
      await gone(
        '<presence from="romeo@example.org/x" to="juliet@example.org"/>' +
          '<iq type="result" id="i" from="romeo@example.org/x" to="juliet@example.org/balcony"/>' +
          '<iq type="set" id="push" to="juliet@example.org/balcony"><query xmlns="jabber:iq:roster"/></iq>' +
          '<iq type="set" id="push" from="juliet@example.org" to="juliet@example.org/balcony"><x xmlns="y"/></iq>' +
          '<iq type="get" id="ping" from="example.org" to="juliet@example.org/balcony"><x xmlns="y"/></iq>',
      ),
      [],
    );
  });

  test("what the owner does not take either is lost, and logged", async () => {
    const { writer, log, bus } = setUp();
    bus.fails = true;
    writer.write({ kind: "write", session: 8, xml: '<message from="a@b" to="juliet@example.org"/>' });
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(log[0]?.event, "delivery.lost");
    assert.deepEqual([writer.counters.stanzasReturned, writer.counters.stanzasDropped], [1, 1]);
  });
});

test("a handle is not given to two sessions", () => {
  const sessions = new LocalSessions("node-1");
  const handles = new Set(Array.from({ length: 100 }, () => sessions.nextRef().session));
  assert.equal(handles.size, 100);
});
