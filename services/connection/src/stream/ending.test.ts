import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { eventually } from "../testing/eventually.ts";
import { ScriptedClient, streamHeader } from "../testing/scripted-client.ts";
import { type Running, startConnection } from "../testing/start-connection.ts";

function handle(running: Running): number {
  return running.owners.binds.at(-1)!.session.session;
}

describe("the client ends", () => {
  test("its stream, and both sides close", async (t) => {
    const { client: login, owners, service } = await startConnection(t);
    const client = await login("juliet", "balcony");
    client.send("</stream:stream>");
    assert.equal(await client.expectEnd(), "</stream:stream>");
    await owners.until(1);
    client.end();
    await client.expectClose();
    assert.deepEqual(owners.kinds, ["presence end-session"]);
    await eventually(() => assert.equal(service.counters().connections, 0));
    assert.equal(service.counters().sessions.total, 0);
  });

  test("its stream right after stanzas, which are taken first", async (t) => {
    const { client: login, owners } = await startConnection(t);
    const client = await login("juliet", "balcony");
    client.send("<message to='romeo@example.org'/><presence type='unavailable'/></stream:stream>");
    await client.expect("</stream:stream>");
    await owners.until(3);
    assert.deepEqual(owners.kinds, ["deliver", "presence broadcast-presence", "presence end-session"]);
  });

  test("only its side of the connection: what it sent is taken, then ours ends", async (t) => {
    const { client: login, owners } = await startConnection(t);
    const client = await login("juliet", "balcony");
    client.send("<presence/><iq type='get' id='p' to='example.org'><ping xmlns='urn:xmpp:ping'/></iq>");
    client.end();
    assert.match(await client.expectEnd(), /id="p"/);
    await owners.until(2);
    assert.deepEqual(owners.kinds, ["presence broadcast-presence", "presence end-session"]);
  });

  test("its connection without a word", async (t) => {
    const { client: login, owners } = await startConnection(t);
    const client = await login("juliet", "balcony");
    client.socket.resetAndDestroy();
    await owners.until(1);
    assert.deepEqual(owners.kinds, ["presence end-session"]);
  });

  test("before the login, and nobody is told", async (t) => {
    const { connect, owners } = await startConnection(t);
    const client = await connect();
    await client.open();
    client.send("</stream:stream>");
    assert.equal(await client.expectEnd(), "</stream:stream>");
    assert.deepEqual(owners.received, []);
  });
});

describe("the server ends", () => {
  test("a stream that its owner closes, and the session is over", async (t) => {
    const running = await startConnection(t);
    const client = await running.client("juliet", "balcony");
    const session = handle(running);
    await running.deliver({ kind: "close", session, condition: "conflict", text: "replaced by a new one" });
    const said = await client.expect("</stream:stream>");
    assert.match(
      said,
      /^<stream:error><conflict [^>]*\/><text [^>]*>replaced by a new one<\/text><\/stream:error>/,
    );
    await running.owners.until(1);
    // Deliveries after the end go back.
    await running.deliver({
      kind: "write",
      session,
      xml: "<message from='romeo@example.org/x' to='juliet@example.org/balcony'/>",
    });
    await running.owners.until(2);
    client.send("<message to='romeo@example.org'/></stream:stream>");
    assert.equal(await client.expectEnd(), "");
    assert.deepEqual(running.owners.kinds, ["presence end-session", "deliver"]);
  });

  test("the connection of a client that does not answer the end", async (t) => {
    const running = await startConnection(t);
    const client = await running.client("juliet", "balcony");
    await running.deliver({
      kind: "close",
      session: handle(running),
      condition: "conflict",
      text: undefined,
    });
    await client.expect("</stream:stream>");
    running.clock.time += 5_000;
    await client.expectEnd();
    assert.equal(running.service.counters().connections, 1);
    running.clock.time += 5_000;
    await eventually(() => assert.equal(running.service.counters().connections, 0));
  });

  test("a login that takes too long", async (t) => {
    const { clock, connect } = await startConnection(t);
    const client = await connect();
    await client.open();
    clock.time += 30_000;
    await client.expect("<stream:error><policy-violation ");
  });

  test("a TLS handshake that takes too long, without a word", async (t) => {
    const { clock, service } = await startConnection(t);
    const client = await ScriptedClient.connect(service.addresses().c2sTls);
    client.send("\x16\x03\x01");
    clock.time += 30_000;
    assert.equal(await client.expectEnd(), "");
  });

  test("nothing of a session that is quiet but alive", async (t) => {
    const { client: login, clock, service } = await startConnection(t);
    const client = await login("juliet", "balcony");
    for (let round = 0; round < 2; round++) {
      clock.time += 300_000;
      const ping = await client.expect("</iq>");
      assert.match(
        ping,
        /^<iq from="example\.org" to="juliet@example\.org\/balcony" type="get" id="[^"]+"><ping /,
      );
      client.send(`<iq type='result' id='${/id="([^"]+)"/.exec(ping)![1]}' to='example.org'/>`);
      client.send("<iq type='get' id='mine' to='example.org'><ping xmlns='urn:xmpp:ping'/></iq>");
      await client.expect(/id="mine"[^>]*>/);
      clock.time += 60_000;
    }
    assert.equal(service.counters().clientsTimedOut, 0);
  });

  test("a session that does not answer a ping, with connection-timeout", async (t) => {
    const { client: login, clock, owners, service } = await startConnection(t);
    const client = await login("juliet", "balcony");
    clock.time += 300_000;
    await client.expect("<ping ");
    clock.time += 60_000;
    await client.expect("<stream:error><connection-timeout ");
    await owners.until(1);
    assert.deepEqual(owners.kinds, ["presence end-session"]);
    assert.equal(service.counters().clientsTimedOut, 1);
  });
});

describe("a drain", () => {
  test("tells every client, takes what is on its way, and announces every end once", async (t) => {
    const running = await startConnection(t);
    const juliet = await running.client("juliet", "balcony");
    const romeo = await running.client("romeo", "orchard");
    const drained = running.service.drain(10_000);
    await juliet.expect("<stream:error><system-shutdown ");
    await romeo.expect("<stream:error><system-shutdown ");
    juliet.send("<message to='romeo@example.org'><body>in flight</body></message></stream:stream>");
    romeo.destroy();
    juliet.end();
    await juliet.expectClose();
    await drained;
    assert.deepEqual(running.owners.kinds.toSorted(), [
      "deliver",
      "presence end-session",
      "presence end-session",
    ]);
    assert.equal(running.service.counters().connections, 0);
    assert.deepEqual(running.service.notReady(), ["the listeners are not open"]);
  });

  test("accepts nobody new, and does not wait for ever", async (t) => {
    const running = await startConnection(t);
    const juliet = await running.client("juliet", "balcony");
    const address = running.service.addresses().c2s!;
    await running.service.drain(100);
    assert.match(await juliet.expectEnd(), /<system-shutdown /);
    await assert.rejects(ScriptedClient.connect(address));
    assert.deepEqual(running.owners.kinds, ["presence end-session"]);
  });

  test("sends clients elsewhere, if it is told where", async (t) => {
    const running = await startConnection(t, {
      settings: { "drain.see_other_host": "other.example.org:5222" },
    });
    const juliet = await running.client("juliet", "balcony");
    const drained = running.service.drain(10_000);
    await juliet.expect(
      '<see-other-host xmlns="urn:ietf:params:xml:ns:xmpp-streams">other.example.org:5222</see-other-host>',
    );
    juliet.end();
    await drained;
    assert.deepEqual(running.owners.kinds, ["presence end-session"]);
  });

  test("reaches clients that have not logged in", async (t) => {
    const running = await startConnection(t);
    const client = await running.connect();
    client.send(streamHeader());
    await client.expect("</stream:features>");
    const drained = running.service.drain(10_000);
    await client.expect("<system-shutdown ");
    client.end();
    await drained;
    assert.deepEqual(running.owners.received, []);
  });
});
