import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { jetstreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import { subjects } from "@rollcall/contracts";
import { natsServerMissing, startNatsServer, type TestNatsServer } from "@rollcall/nats/testing";
import { silentLogger } from "@rollcall/telemetry";
import { eventually } from "../testing/eventually.ts";
import { createManifestReader, type ManifestReader } from "./manifest-reader.ts";
import type { ManifestSession } from "./manifest-records.ts";
import { createManifestWriter, type ManifestWriter } from "./manifest-writer.ts";

const logger = silentLogger;

function session(handle: number, directed: readonly string[] = []): ManifestSession {
  return { session: handle, jid: `juliet@example.org/${handle}` as ManifestSession["jid"], directed };
}

/** A node whose sessions are what the test says. */
function nodeOf(connection: NatsConnection, nodeId: string, everyMs = 60_000) {
  const sessions = new Map<number, ManifestSession[]>();
  const asked: number[] = [];
  const writer: ManifestWriter = createManifestWriter({
    connection,
    nodeId,
    logger,
    everyMs,
    sessionsOf: (partition) => {
      asked.push(partition);
      return sessions.get(partition) ?? [];
    },
  });
  const set = (partition: number, ...now: ManifestSession[]): void => {
    sessions.set(partition, now);
    writer.changed(partition);
  };
  return { writer, set, asked };
}

describe("the manifest", { skip: natsServerMissing(), timeout: 60_000 }, () => {
  let server: TestNatsServer;
  let connection: NatsConnection;
  const readers: ManifestReader[] = [];
  before(async () => {
    server = await startNatsServer();
    connection = await server.connect();
  });
  after(async () => {
    for (const reader of readers) reader.stop();
    await connection.close();
    await server.stop();
  });
  const read = (options: { checkMs?: number; markKeptMs?: number } = {}): ManifestReader => {
    const reader = createManifestReader({ connection, logger, ...options });
    readers.push(reader);
    return reader;
  };

  test("tells what a node noted, to who was there before and to who comes later", async () => {
    const early = read();
    await early.whenCurrent();
    const { writer, set } = nodeOf(connection, "node-a");
    set(7, session(1, ["room@example.org", "romeo@example.net/orchard"]), session(2));
    set(8, session(3));
    await writer.flush();
    const late = read();
    await late.whenCurrent();
    for (const reader of [early, late]) {
      await eventually("noted", () => reader.nodesWith(8).includes("node-a"));
      assert.deepEqual(reader.nodesWith(7), ["node-a"]);
      assert.deepEqual(reader.nodesWith(9), []);
      assert.deepEqual(await reader.read("node-a", 7), [
        session(1, ["room@example.org", "romeo@example.net/orchard"]),
        session(2),
      ]);
    }
    assert.deepEqual(await late.read("node-a", 9), []);
    assert.deepEqual(await late.read("nobody", 7), []);
    writer.stop();
  });

  test("gathers changes: a partition is noted once, and a key goes with the last session", async () => {
    const reader = read();
    const { writer, set, asked } = nodeOf(connection, "node-b");
    for (let n = 1; n <= 100; n += 1) set(20, session(n));
    await writer.flush();
    assert.deepEqual(asked, [20]);
    assert.deepEqual(await reader.read("node-b", 20), [session(100)]);
    set(20);
    await writer.flush();
    await eventually("gone", () => reader.nodesWith(20).length === 0);
    assert.deepEqual(await reader.read("node-b", 20), []);
    writer.stop();
  });

  test("is written without being asked, a little after the change", async () => {
    const reader = read();
    const { writer, set } = nodeOf(connection, "node-c", 10);
    set(30, session(1));
    await eventually("noted", () => reader.nodesWith(30).includes("node-c"));
    writer.stop();
  });

  test("goes when its node ends gracefully, and nothing comes after", async () => {
    const reader = read();
    const { writer, set } = nodeOf(connection, "node-d");
    for (let partition = 40; partition < 80; partition += 1) set(partition, session(partition));
    await writer.flush();
    await writer.clear();
    set(40, session(1));
    await writer.flush();
    const partitions = Array.from({ length: 40 }, (_, i) => i + 40);
    await reader.whenCurrent();
    await eventually("gone", () => partitions.every((one) => reader.nodesWith(one).length === 0));
    writer.stop();
  });

  test("of a dead node is removed by an owner, for every other owner", async () => {
    const [one, other] = [read(), read()];
    const { writer, set } = nodeOf(connection, "node-e");
    set(90, session(1));
    await writer.flush();
    writer.stop();
    await eventually("noted", () => other.nodesWith(90).length === 1);
    await one.purge("node-e", 90);
    await one.purge("node-e", 90);
    await eventually("gone", () => other.nodesWith(90).length === 0);
    assert.deepEqual(await other.read("node-e", 90), []);
  });

  test("keeps no marks of what was removed long ago", async () => {
    const { writer, set } = nodeOf(connection, "node-f");
    for (let partition = 100; partition < 110; partition += 1) set(partition, session(partition));
    await writer.flush();
    for (let partition = 101; partition < 110; partition += 1) set(partition);
    await writer.flush();
    writer.stop();
    const manager = await jetstreamManager(connection);
    const messages = async (): Promise<number> => {
      const filter = { subjects_filter: `$KV.${subjects.sessionBucket}.node-f.*` };
      return Object.keys((await manager.streams.info(`KV_${subjects.sessionBucket}`, filter)).state.subjects!)
        .length;
    };
    assert.equal(await messages(), 10);
    const reader = read({ checkMs: 10, markKeptMs: 0 });
    while ((await messages()) > 1) await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(await reader.read("node-f", 100), [session(100)]);
    // Whoever begins now is current, though the last revisions are not there any more.
    const late = read({ checkMs: 10 });
    await late.whenCurrent();
    assert.deepEqual(late.nodesWith(100), ["node-f"]);
  });

  test("is written when NATS is back, and who follows it still does", async () => {
    const reader = read({ checkMs: 50 });
    await reader.whenCurrent();
    const { writer, set } = nodeOf(connection, "node-g", 10);
    set(120, session(1));
    await writer.flush();
    await server.halt("SIGKILL");
    for (let n = 0; n < 1_000; n += 1) set(121 + (n % 100), session(n));
    set(120);
    const flushed = writer.flush();
    await server.resume();
    await flushed;
    await eventually("noted", () => reader.nodesWith(220).includes("node-g"), 20_000);
    await eventually("gone", () => reader.nodesWith(120).length === 0, 20_000);
    assert.deepEqual(await reader.read("node-g", 121), [session(900)]);
    writer.stop();
  });
});
