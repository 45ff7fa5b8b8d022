import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { eventually } from "../testing/eventually.ts";
import { streamHeader } from "../testing/scripted-client.ts";
import { startConnection } from "../testing/start-connection.ts";

describe("limits", () => {
  test("of connections per address turn the next one away, and let it in when one has gone", async (t) => {
    const { connect, service } = await startConnection(t, {
      settings: { "limits.connections_per_address": 2 },
    });
    const first = await connect();
    const second = await connect();
    await first.open();
    await second.open();
    const third = await connect();
    third.send(streamHeader());
    assert.equal(await third.expectEnd(), "");
    first.send("</stream:stream>");
    await first.expectEnd();
    first.end();
    await eventually(() => assert.equal(service.counters().connections, 1));
    const fourth = await connect();
    await fourth.open();
    assert.equal(service.counters().connectionsTurnedAway, 1);
    assert.equal(service.counters().connections, 2);
  });

  test("of connections without login do not count those that have logged in", async (t) => {
    const { client, connect } = await startConnection(t, { settings: { "limits.unauthenticated": 1 } });
    await client("juliet", "balcony");
    await client("juliet", "chamber");
    const waiting = await connect();
    await waiting.open();
    const second = await connect();
    assert.equal(await second.expectEnd(), "");
  });

  test("of attempts hold for a minute", async (t) => {
    const { clock, connect, service } = await startConnection(t, {
      settings: { "limits.attempts_per_address": 1 },
    });
    await (await connect()).open();
    assert.equal(await (await connect()).expectEnd(), "");
    assert.equal(service.counters().connectionsTurnedAway, 1);
    const sweeps = service.counters().sweeps;
    clock.time += 60_000;
    await eventually(() => assert.ok(service.counters().sweeps > sweeps + 1));
    await (await connect()).open();
  });

  test("of bytes per second hold input back without losing any", async (t) => {
    const { client: login, owners } = await startConnection(t, {
      settings: { "limits.bytes_per_second": 10_000 },
    });
    const client = await login("juliet", "balcony");
    const message = `<message to='romeo@example.org'><body>${"x".repeat(5_000)}</body></message>`;
    client.send(message.repeat(40));
    await owners.until(40);
    assert.equal(owners.received.length, 40);
  });

  test("of stanzas are wider after the login", async (t) => {
    const { client: login, owners } = await startConnection(t);
    const client = await login("juliet", "balcony");
    client.send(`<message to='romeo@example.org'><body>${"x".repeat(200_000)}</body></message>`);
    await owners.until(1);
  });
});
