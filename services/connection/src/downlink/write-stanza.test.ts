import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Bus, BusError } from "@rollcall/bus";
import { type DeliverStanza, type NodeDelivery, partitionOf } from "@rollcall/contracts";
import { type LogFields, noTracer, silentLogger } from "@rollcall/telemetry";
import { Acknowledged } from "../sessions/acknowledged.ts";
import { LocalSessions } from "../sessions/local-sessions.ts";
import { FakeOwnerMap } from "../testing/fake-owner-map.ts";
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
  const owners = new FakeOwnerMap();
  const writer = new DeliveryWriter({
    owners,
    bus: { publish } as unknown as Bus,
    clock: { now: () => 9 },
    logger: { ...silentLogger, warn: (fields) => void log.push(fields) },
    tracer: noTracer,
    sessions,
    nodeId: "node-1",
  });
  const write = (delivery: NodeDelivery) => writer.write(delivery, { from: undefined, asOf: 0 });
  const writeFrom = (from: string, asOf: number, delivery: NodeDelivery) =>
    writer.write(delivery, { from, asOf });
  const add = (handle: number, partition: number) => {
    const fake = fakeSession({ handle });
    fake.session.acknowledged = new Acknowledged(partition, 0);
    sessions.add(fake.session);
    return fake;
  };
  return {
    sessions,
    writer: { counters: writer.counters, write },
    writeFrom,
    add,
    owners,
    published,
    log,
    bus,
  };
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

describe("an owner that has another one after it", () => {
  function replaced(partition: number) {
    const stage = setUp();
    stage.owners.note(partition, { instanceId: "new", epoch: 9 });
    return stage;
  }

  test("is not heard, and is told so", () => {
    const { add, writeFrom, writer } = replaced(4);
    const { written, closed } = add(3, 4);
    assert.equal(writeFrom("old", 8, { kind: "write", session: 3, xml: "<message/>" }), false);
    assert.equal(
      writeFrom("old", 8, { kind: "close", session: 3, condition: "conflict", text: undefined }),
      false,
    );
    assert.deepEqual([written, closed], [[], []]);
    assert.equal(writer.counters.itemsFenced, 2);
    assert.equal(writeFrom("new", 9, { kind: "write", session: 3, xml: "<iq/>" }), true);
    assert.deepEqual(written, ["<iq/>"]);
  });

  test("is heard for the partitions that are still its own", () => {
    const { add, writeFrom } = replaced(4);
    const lost = add(1, 4);
    const kept = add(2, 5);
    const fanOut = {
      kind: "fan-out",
      before: "<p to='",
      after: "'/>",
      to: ["a", "b"],
      sessions: [1, 2],
    } as const;
    assert.equal(writeFrom("old", 8, fanOut), false);
    assert.deepEqual([lost.written, kept.written], [[], ["<p to='b'/>"]]);
  });

  test("is heard when it knew of the other one: it has the partition again", () => {
    const { add, writeFrom } = replaced(4);
    const { written } = add(3, 4);
    assert.equal(writeFrom("old", 9, { kind: "write", session: 3, xml: "<message/>" }), true);
    assert.equal(written.length, 1);
  });

  test("is not heard for a session that is gone: the other one has the message as well", async () => {
    const { owners, published, writeFrom } = setUp();
    owners.note(partitionOf("juliet@example.org"), { instanceId: "new", epoch: 9 });
    const xml = '<message from="a@b" to="juliet@example.org/balcony"/>';
    assert.equal(writeFrom("old", 8, { kind: "write", session: 8, xml, id: "m" }), false);
    assert.equal(writeFrom("new", 9, { kind: "write", session: 8, xml, id: "m" }), true);
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(published.length, 1);
  });
});

describe("a session that is being bound", () => {
  const xml = (n: number) => `<message id="m${n}" from="a@b" to="juliet@example.org/balcony"/>`;

  test("gets what came before the answer of its owner, in order, before what comes later", () => {
    const { published, sessions, writer } = setUp();
    const { session, written } = fakeSession({ handle: 3 });
    sessions.beginBinding(3);
    for (const n of [1, 2]) assert.equal(writer.write({ kind: "write", session: 3, xml: xml(n) }), true);
    assert.deepEqual(written, []);
    sessions.add(session);
    writer.write({ kind: "write", session: 3, xml: xml(3) });
    assert.deepEqual(written, [xml(1), xml(2), xml(3)]);
    assert.deepEqual(published, []);
  });

  test("is ended where its owner says so before that", () => {
    const { sessions, writer } = setUp();
    const { session, closed } = fakeSession({ handle: 3 });
    sessions.beginBinding(3);
    writer.write({ kind: "close", session: 3, condition: "conflict", text: undefined });
    sessions.add(session);
    assert.deepEqual(closed, [{ condition: "conflict", text: undefined }]);
  });

  test("hands back what came for it when it is not bound after all", async () => {
    const { published, sessions, writer } = setUp();
    sessions.beginBinding(3);
    writer.write({ kind: "write", session: 3, xml: xml(1) });
    sessions.endBinding(3);
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(published.length, 1);
    assert.equal(published[0]?.payload.failedSession?.session, 3);
  });

  test("is ended when more came than can be held", async () => {
    const { published, sessions, writer } = setUp();
    const { session, closed, written } = fakeSession({ handle: 3 });
    sessions.beginBinding(3);
    for (let n = 0; n < 1_001; n += 1) writer.write({ kind: "write", session: 3, xml: xml(n) });
    sessions.add(session);
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(written.length, 1_000);
    assert.equal(published.length, 1);
    assert.equal(closed[0]?.condition, "resource-constraint");
  });
});

describe("what comes again", () => {
  test("under the same id is written once to each session", () => {
    const { add, writer } = setUp();
    const one = add(1, 0);
    const two = add(2, 0);
    const fanOut = { kind: "fan-out", before: "<p to='", after: "'/>", to: ["a", "b"], id: "x" } as const;
    writer.write({ ...fanOut, sessions: [1, 2] });
    writer.write({ kind: "write", session: 1, xml: "<p/>", id: "x" });
    writer.write({ ...fanOut, sessions: [2, 1] });
    writer.write({ kind: "write", session: 1, xml: "<q/>", id: "y" });
    writer.write({ kind: "write", session: 1, xml: "<q/>" });
    writer.write({ kind: "write", session: 1, xml: "<q/>" });
    assert.deepEqual(one.written, ["<p to='a'/>", "<q/>", "<q/>", "<q/>"]);
    assert.deepEqual(two.written, ["<p to='b'/>"]);
    assert.equal(writer.counters.stanzasRepeated, 3);
  });

  test("as available presence is written once to each session, also where not all could be told at first", () => {
    const { add, owners, writer, writeFrom } = setUp();
    owners.note(4, { instanceId: "new", epoch: 9 });
    const lost = add(1, 4);
    const kept = add(2, 5);
    const fanOut = {
      kind: "fan-out",
      before: "<p to='",
      after: "'/>",
      to: ["a", "b"],
      sessions: [1, 2],
      availableId: "x",
    } as const;
    assert.equal(writeFrom("old", 8, fanOut), false);
    owners.note(5, { instanceId: "new", epoch: 10 });
    assert.equal(writeFrom("new", 10, fanOut), true);
    assert.equal(writeFrom("new", 10, { ...fanOut, availableId: "y" }), true);
    assert.deepEqual(
      [lost.written, kept.written],
      [
        ["<p to='a'/>", "<p to='a'/>"],
        ["<p to='b'/>", "<p to='b'/>"],
      ],
    );
    assert.equal(writer.counters.stanzasRepeated, 1);
  });

  test("does not go back when the session had it before it ended", async () => {
    const { add, published, sessions, writer } = setUp();
    const { session } = add(8, 0);
    const xml = '<message from="a@b" to="juliet@example.org/balcony"/>';
    writer.write({ kind: "write", session: 8, xml, id: "x" });
    sessions.remove(session);
    writer.write({ kind: "write", session: 8, xml, id: "x" });
    writer.write({ kind: "write", session: 8, xml, id: "y" });
    writer.write({ kind: "write", session: 8, xml, id: "y" });
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(
      published.map(({ payload }) => payload.repetitionId),
      ["y/back/0"],
    );
  });
});

test("a handle is not given to two sessions", () => {
  const sessions = new LocalSessions("node-1");
  const handles = new Set(Array.from({ length: 100 }, () => sessions.nextRef().session));
  assert.equal(handles.size, 100);
});
