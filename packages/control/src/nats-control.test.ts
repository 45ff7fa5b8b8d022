import assert from "node:assert/strict";
import { test } from "node:test";
import { type ControlProcess, subjects } from "@rollcall/contracts";
import { natsServerMissing, startNatsServer } from "@rollcall/nats/testing";
import { silentLogger } from "@rollcall/telemetry";
import { controlContract } from "./control.contract.ts";
import type { Control } from "./control.ts";
import { createNatsControl } from "./nats-control.ts";

const missing = natsServerMissing();
const logger = silentLogger;
const aProcess = (id: string): ControlProcess => ({ id, kind: "roster", version: "0.1.0", startedAt: 0 });

if (missing === false) {
  controlContract("control over NATS", async () => {
    const server = await startNatsServer();
    const joined: Control[] = [];
    const ids: string[] = [];
    const connections = await Promise.all([server.connect(), server.connect(), server.connect()]);
    return {
      join: async (process, options = {}) => {
        const connection = connections[joined.length];
        assert.ok(connection !== undefined);
        const control = createNatsControl({
          connection,
          logger,
          process,
          now: options.now,
          expected: () => ids,
        });
        await connection.flush();
        joined.push(control);
        ids.push(process.id);
        return control;
      },
      close: async () => {
        for (const control of joined) control.stop();
        await Promise.all(connections.map((connection) => connection.close()));
        await server.stop();
      },
    };
  });
}

test("while NATS is away a process hears itself, and misses the others", { skip: missing }, async () => {
  const server = await startNatsServer();
  const connection = await server.connect();
  const control = createNatsControl({
    connection,
    logger,
    process: aProcess("roster-1"),
    expected: () => ["roster-2"],
  });
  control.answer("log-level", ({ level }) => ({ level }));
  await server.halt("SIGKILL");
  const gathered = await control.ask({ kind: "log-level", level: "info" }, { timeoutMs: 200 });
  assert.deepEqual(
    [gathered.answers.map(({ process }) => process.id), gathered.missing],
    [["roster-1"], ["roster-2"]],
  );
  control.stop();
  await connection.close();
  await server.stop();
});

test("what is no question is answered by nobody, and hurts nobody", { skip: missing }, async () => {
  const server = await startNatsServer();
  const [connection, other] = [await server.connect(), await server.connect()];
  const control = createNatsControl({ connection, logger, process: aProcess("roster-1") });
  control.answer("log-level", ({ level }) => ({ level }));
  await connection.flush();
  const question = { v: 1, from: "x", question: { kind: "log-level", level: "debug" } };
  for (const bad of [
    "",
    "{",
    "null",
    JSON.stringify({ ...question, v: 2 }),
    JSON.stringify({ ...question, question: { kind: "log-level", level: "chatty" } }),
    JSON.stringify({ ...question, question: { kind: "log-level", level: "x".repeat(20_000) } }),
  ]) {
    await assert.rejects(other.request(subjects.control, bad, { timeout: 50 }), /timeout/i, bad.slice(0, 80));
  }
  const unknown = { ...question, question: { kind: "__proto__" } };
  const reply = await other.request(subjects.control, JSON.stringify(unknown), { timeout: 2_000 });
  assert.deepEqual(reply.json<{ outcome: unknown }>().outcome, { kind: "not-known" });
  control.stop();
  await Promise.all([connection.close(), other.close()]);
  await server.stop();
});
