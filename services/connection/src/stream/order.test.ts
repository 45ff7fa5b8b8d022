import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { done, type Outcome } from "@rollcall/bus";
import type { NodeDelivery } from "@rollcall/contracts";
import { eventually } from "../testing/eventually.ts";
import { startConnection } from "../testing/start-connection.ts";

/** Owners that hold what they are given until the test lets go. */
function gate() {
  const waiting: ((outcome: Outcome) => void)[] = [];
  return {
    hold: () => new Promise<Outcome>((resolve) => waiting.push(resolve)),
    open: () => {
      for (const resolve of waiting.splice(0)) resolve(done);
    },
  };
}

function ping(id: string): string {
  return `<iq type='get' id='${id}' to='example.org'><ping xmlns='urn:xmpp:ping'/></iq>`;
}

describe("the stanzas of a session", () => {
  test("wait behind one that may fan out", async (t) => {
    const { client: login, owners } = await startConnection(t);
    const client = await login("juliet", "balcony");
    const { hold, open } = gate();
    owners.onReceived = hold;
    client.send(`<presence/><message to='romeo@example.org'/>${ping("p")}`);
    await owners.until(1);
    assert.deepEqual(owners.kinds, ["presence broadcast-presence"]);
    assert.equal(client.unread, "");
    open();
    await client.expect('id="p"');
    await owners.until(2);
    assert.deepEqual(owners.kinds, ["presence broadcast-presence", "deliver"]);
    open();
  });

  test("go on together where they are deliveries", async (t) => {
    const { client: login, owners } = await startConnection(t);
    const client = await login("juliet", "balcony");
    const { hold, open } = gate();
    owners.onReceived = hold;
    client.send(
      "<message to='romeo@example.org' id='1'/><message to='romeo@example.org' id='2'/><presence/>",
    );
    await owners.until(2);
    assert.deepEqual(owners.kinds, ["deliver", "deliver"]);
    open();
    await owners.until(3);
    assert.deepEqual(owners.kinds, ["deliver", "deliver", "presence broadcast-presence"]);
    open();
  });

  test("arrive in the order sent, whatever they are", async (t) => {
    const { client: login, owners } = await startConnection(t);
    const client = await login("juliet", "balcony");
    const kinds = [
      "deliver",
      "presence broadcast-presence",
      "roster roster-iq",
      "roster outbound-subscription",
    ];
    const stanzas = [
      "<message to='romeo@example.org'/>",
      "<presence/>",
      "<iq type='get' id='r'><query xmlns='jabber:iq:roster'/></iq>",
      "<presence type='subscribe' to='romeo@example.org'/>",
    ];
    const sequence = Array.from({ length: 200 }, (_, i) => (i * 7 + (i >> 2)) % 4);
    client.send(sequence.map((i) => stanzas[i]).join(""));
    await owners.until(200);
    assert.deepEqual(
      owners.kinds,
      sequence.map((i) => kinds[i]),
    );
  });

  test("pile up in the network when their owner is slow, and none is lost", async (t) => {
    const { client: login, owners } = await startConnection(t);
    const client = await login("juliet", "balcony");
    const { hold, open } = gate();
    owners.onReceived = hold;
    const body = `<body>${"x".repeat(2_000)}</body>`;
    const count = 4_000;
    for (let i = 0; i < count; i++)
      client.send(`<message to='romeo@example.org' id='${i}'>${body}</message>`);
    await owners.until(64);
    // So much is not taken at once: it waits in the sockets.
    assert.ok(client.socket.writableLength > 1_000_000);
    assert.equal(owners.received.length, 64);
    owners.onReceived = () => done;
    open();
    await owners.until(count);
    const ids = owners.received.map(({ payload }) => "stanza" in payload && payload.stanza.id);
    assert.deepEqual(
      ids,
      Array.from({ length: count }, (_, i) => String(i)),
    );
  });

  test("that an owner cannot take come back as errors of type wait", async (t) => {
    const { client: login, owners } = await startConnection(t, { keyLimit: 1 });
    const client = await login("juliet", "balcony");
    const { hold, open } = gate();
    owners.onReceived = hold;
    const other = await login("juliet", "chamber");
    for (const each of [client, other]) each.send("<presence id='a'/>");
    await owners.until(1);
    const third = await login("juliet", "garden");
    third.send("<presence id='b'/>");
    await third.expect(/<presence [^>]*id="b"[^>]*><error type="wait"><resource-constraint /);
    open();
    await owners.until(2);
    open();
  });
});

describe("output", () => {
  test("of one turn is one write", async (t) => {
    const running = await startConnection(t);
    const client = await running.client("juliet", "balcony");
    const { session } = running.owners.binds[0]!.session;
    const { Socket } = await import("node:net");
    const writes = t.mock.method(Socket.prototype, "write");
    const items = Array.from(
      { length: 50 },
      (_, i): NodeDelivery => ({ kind: "write", session, xml: `<message id='${i}'/>` }),
    );
    await running.deliver(...items);
    await client.expect("<message id='49'/>");
    const texts = writes.mock.calls.map(({ arguments: [text] }) => text as string);
    assert.deepEqual(texts, [items.map((item) => item.kind === "write" && item.xml).join("")]);
  });

  test("waits for a client that reads slowly, and arrives whole", async (t) => {
    const running = await startConnection(t);
    const client = await running.client("juliet", "balcony");
    const { session } = running.owners.binds[0]!.session;
    client.socket.pause();
    const body = "☕".repeat(10_000);
    for (let i = 0; i < 50; i++)
      await running.deliver({ kind: "write", session, xml: `<message id='${i}'>${body}</message>` });
    client.socket.resume();
    const text = await client.expect("<message id='49'>");
    assert.equal(text.split(body).length, 50);
    client.send(ping("after"));
    await client.expect('id="after"');
  });

  test("that comes at once may be more than the limit for a client that reads", async (t) => {
    const running = await startConnection(t, {
      settings: { "limits.output_bytes": 2_097_152 },
      sweepMs: 60_000,
    });
    const client = await running.client("juliet", "balcony");
    const { session } = running.owners.binds[0]!.session;
    const body = "x".repeat(100_000);
    const items = Array.from({ length: 70 }, (_, i): NodeDelivery => {
      return { kind: "write", session, xml: `<message id='${i}'>${body}</message>` };
    });
    await running.deliver(...items, { kind: "write", session, xml: "<message id='last'/>" });
    const text = await client.expect("<message id='last'/>");
    assert.equal(text.split(body).length, 71);
    assert.equal(running.service.counters().clientsNotReading, 0);
  });

  test("that a client never reads ends its stream", async (t) => {
    const running = await startConnection(t, { settings: { "limits.output_bytes": 65_536 } });
    const client = await running.client("juliet", "balcony");
    const { session } = running.owners.binds[0]!.session;
    client.socket.pause();
    const xml = `<message from='romeo@example.org/x' to='juliet@example.org/balcony'><body>${"x".repeat(50_000)}</body></message>`;
    while (running.owners.received.length === 0) {
      await running.deliver({ kind: "write", session, xml });
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.deepEqual(running.owners.kinds, ["presence end-session"]);
    assert.equal(running.service.counters().clientsNotReading, 1);
    running.clock.time += 5_000;
    await eventually(() => assert.equal(running.service.counters().connections, 0));
  });

  test("stops input from a client that sends without reading", async (t) => {
    const running = await startConnection(t);
    const client = await running.client("juliet", "balcony");
    client.socket.pause();
    const count = 40_000;
    client.send(Array.from({ length: count }, (_, i) => ping(`i${i}`)).join(""));
    client.socket.resume();
    const text = await client.expect(`id="i${count - 1}"`);
    assert.equal(text.match(/type="result"/g)?.length, count);
    assert.equal(running.service.counters().clientsNotReading, 0);
  });
});
