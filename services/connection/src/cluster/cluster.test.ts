import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import { done } from "@rollcall/bus";
import { channels, partitionOf, type SessionReport } from "@rollcall/contracts";
import { eventually } from "../testing/eventually.ts";
import { FakeOwnerMap } from "../testing/fake-owner-map.ts";
import { NODE, type Running, startConnection } from "../testing/start-connection.ts";

const juliet = "juliet@example.org";
const partition = partitionOf(juliet);

/** A node of a cluster whose connection to NATS, owners and manifest are what the test says. */
async function startNode(test: TestContext) {
  const owners = new FakeOwnerMap();
  const nats = { connected: true };
  const noted: (number | "flush" | "clear")[] = [];
  const running = await startConnection(test, {
    cluster: {
      owners,
      connected: () => nats.connected,
      manifest: {
        changed: (one) => void noted.push(one),
        flush: async () => void noted.push("flush"),
        clear: async () => void noted.push("clear"),
      },
    },
  });
  const report = (): Promise<SessionReport> =>
    running.bus.request(channels.reportSessions, NODE, {
      owner: "presence-2",
      partitions: [{ partition, epoch: 7 }],
      after: 0,
    });
  return { running, nats, noted, owners, report };
}

function handle(running: Running): number {
  return running.owners.binds.at(-1)!.session.session;
}

describe("a new owner is told", () => {
  test("of a session what the owner before it had acknowledged", async (t) => {
    const { running, noted, owners, report } = await startNode(t);
    const client = await running.client("juliet", "balcony");
    let acknowledge = (): void => {};
    running.owners.onReceived = () =>
      new Promise((resolve) => {
        acknowledge = () => resolve(done);
      });
    client.send("<presence><show>away</show></presence>");
    await running.owners.until(1);
    assert.equal((await report()).sessions[0]?.presence, undefined);
    running.owners.onReceived = () => done;
    acknowledge();
    client.send("<iq type='get' id='r'><query xmlns='jabber:iq:roster'/></iq>");
    client.send("<presence to='romeo@example.org/orchard'/>");
    client.send("<iq type='get' id='p' to='example.org'><ping xmlns='urn:xmpp:ping'/></iq>");
    await client.expect('id="p"');
    const [session] = (await report()).sessions;
    assert.match(session?.presence?.payload ?? "", /away/);
    assert.deepEqual(
      [session?.session, session?.jid, session?.interested, session?.directed],
      [handle(running), `${juliet}/balcony`, true, ["romeo@example.org/orchard"]],
    );
    assert.deepEqual(owners.ownerOf(partition), { instanceId: "presence-2", epoch: 7 });
    assert.deepEqual(running.service.manifestSessions(partition), [
      { session: handle(running), jid: `${juliet}/balcony`, directed: ["romeo@example.org/orchard"] },
    ]);
    assert.deepEqual(noted, [partition, partition]);
  });

  test("of a session whose end nobody has confirmed yet", async (t) => {
    const { running, report } = await startNode(t);
    const client = await running.client("juliet", "balcony");
    client.send("<presence/>");
    await running.owners.until(1);
    running.owners.onReceived = () => ({ kind: "retry", afterMs: 1 });
    client.destroy();
    await running.owners.until(2);
    assert.equal((await report()).sessions.length, 1);
    assert.equal(running.service.manifestSessions(partition).length, 1);
    running.owners.onReceived = () => done;
    await eventually(() => assert.equal(running.service.counters().endsUnconfirmed, 0));
    assert.deepEqual((await report()).sessions, []);
    assert.deepEqual(running.service.manifestSessions(partition), []);
  });
});

describe("a node that was cut off", () => {
  /** The session of a client whose node is back after minutes, and has not asked its owner yet. */
  async function cutOff(t: TestContext) {
    const { running, nats, noted } = await startNode(t);
    const client = await running.client("juliet", "balcony");
    client.send("<presence/>");
    await running.owners.until(1);
    const owner = { isAnswering: false, unknown: [] as number[] };
    running.bus.answer(channels.knownSessions, {}, (_key, { sessions }) => {
      if (!owner.isAnswering) throw new Error("not yet");
      return { unknown: sessions.filter((one) => owner.unknown.includes(one)) };
    });
    const now = performance.now.bind(performance);
    let lateBy = 0;
    t.mock.method(performance, "now", () => now() + lateBy);
    nats.connected = false;
    const { sweeps } = running.service.counters();
    await eventually(() => assert.ok(running.service.counters().sweeps > sweeps + 1));
    // More than a minute, in steps in which nothing stands still.
    for (let step = 0; step < 30; step += 1) {
      lateBy += 2_000;
      const before = running.service.counters().sweeps;
      await eventually(() => assert.ok(running.service.counters().sweeps > before));
    }
    nats.connected = true;
    return { running, client, owner, noted, session: handle(running) };
  }

  test("delivers, and takes, what waited when the owner still knows the session", async (t) => {
    const { running, client, owner, session } = await cutOff(t);
    const delivered = running.deliver({ kind: "write", session, xml: "<message id='m'/>" });
    client.send("<message to='romeo@example.org'><body>hi</body></message>");
    await eventually(() => assert.equal(running.service.counters().stanzasIn.total, 2));
    assert.equal(client.unread, "");
    assert.deepEqual(running.owners.kinds, ["presence broadcast-presence"]);
    owner.isAnswering = true;
    await delivered;
    await client.expect("<message id='m'/>");
    await running.owners.until(2);
    assert.deepEqual(running.owners.kinds, ["presence broadcast-presence", "deliver"]);
  });

  test("resets the streams of sessions that were ended meanwhile, and says nothing in their name", async (t) => {
    const { running, client, owner, noted, session } = await cutOff(t);
    owner.unknown.push(session);
    const delivered = running.deliver({ kind: "write", session, xml: "<message id='m'/>" });
    client.send("<message to='romeo@example.org'><body>hi</body></message>");
    await eventually(() => assert.equal(running.service.counters().stanzasIn.total, 2));
    noted.length = 0;
    owner.isAnswering = true;
    assert.match(await client.expect("</stream:stream>"), /^<stream:error><reset /);
    await delivered;
    client.end();
    await eventually(() => assert.equal(running.service.counters().connections, 0));
    assert.deepEqual(running.owners.kinds, ["presence broadcast-presence"]);
    assert.equal(running.service.counters().endsUnconfirmed, 0);
    assert.deepEqual(running.service.manifestSessions(partition), []);
    assert.deepEqual(noted, [partition]);
  });
});
