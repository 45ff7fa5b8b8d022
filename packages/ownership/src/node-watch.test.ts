import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { NatsConnection } from "@nats-io/transport-node";
import { natsServerMissing, startNatsServer, type TestNatsServer } from "@rollcall/nats/testing";
import { silentLogger } from "@rollcall/telemetry";
import { createHeartbeat } from "./heartbeat.ts";
import { createNodeWatch } from "./node-watch.ts";

describe("connection nodes", { skip: natsServerMissing(), timeout: 30_000 }, () => {
  let server: TestNatsServer;
  let watching: NatsConnection;
  before(async () => {
    server = await startNatsServer();
    watching = await server.connect("watching");
  });
  after(async () => {
    await watching.close();
    await server.stop();
  });

  test("are known after a roll-call, and dead once when their process is gone", async () => {
    const connection = await server.connect("node");
    createHeartbeat({ connection, nodeId: "node-1", logger: silentLogger, everyMs: 60_000 });
    await connection.flush();
    const watch = createNodeWatch({
      connection: watching,
      logger: silentLogger,
      everyMs: 100,
      deadAfterMs: 60_000,
    });
    await watch.whenHeard();
    assert.deepEqual(watch.nodes(), ["node-1"]);
    assert.equal(await watch.isThere("node-1"), true);
    assert.equal(await watch.isThere("node-2"), false);
    const dead: string[] = [];
    const died = new Promise<void>((resolve) => {
      watch.onDead((nodeId) => {
        dead.push(nodeId);
        resolve();
      });
    });
    await connection.close();
    await died;
    assert.deepEqual([watch.nodes(), dead], [[], ["node-1"]]);
    watch.stop();
  });

  test("that say nothing are dead even if their process is there; who beats again is there again", async () => {
    const connection = await server.connect("node");
    const options = { connection, nodeId: "node-3", logger: silentLogger, everyMs: 60_000 };
    createHeartbeat(options);
    const watch = createNodeWatch({
      connection: watching,
      logger: silentLogger,
      everyMs: 100,
      deadAfterMs: 300,
    });
    await watch.whenHeard();
    await new Promise<void>((resolve) => {
      if (watch.nodes().length === 0) resolve();
      else watch.onDead(() => resolve());
    });
    assert.equal(await watch.isThere("node-3"), true);
    createHeartbeat({ ...options, everyMs: 20 });
    while (!watch.nodes().includes("node-3")) await new Promise((resolve) => setImmediate(resolve));
    watch.stop();
    await connection.close();
  });

  test("are not taken for dead because NATS was away", async () => {
    const connection = await server.connect("node");
    const heartbeat = createHeartbeat({ connection, nodeId: "node-4", logger: silentLogger, everyMs: 50 });
    await connection.flush();
    const watch = createNodeWatch({
      connection: watching,
      logger: silentLogger,
      everyMs: 100,
      deadAfterMs: 600,
    });
    await watch.whenHeard();
    let died = false;
    watch.onDead(() => {
      died = true;
    });
    const status = connection.status();
    await server.halt("SIGKILL");
    for await (const { type } of status) if (type === "disconnect") break;
    await watch.isThere("node-4").catch(() => {});
    await server.resume();
    while (!(await watch.isThere("node-4").catch(() => false)))
      await new Promise((resolve) => setImmediate(resolve));
    assert.equal(died, false);
    assert.deepEqual(watch.nodes(), ["node-4"]);
    heartbeat.stop();
    watch.stop();
    await connection.close();
  });
});
