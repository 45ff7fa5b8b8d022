import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Bus, BusError } from "@rollcall/bus";
import type { LogFields } from "@rollcall/telemetry";
import { silentLogger } from "@rollcall/telemetry";
import type { BareJid } from "@rollcall/xmpp";
import { EndSessions } from "./end-sessions.ts";

const juliet = "juliet@example.org" as BareJid;

function setUp(waitingLimit = 10) {
  const published: unknown[] = [];
  const log: LogFields[] = [];
  const owner = { takes: true };
  const publish = async (_channel: unknown, key: string, payload: unknown) => {
    if (!owner.takes) throw new BusError("no-owner", "nobody there");
    published.push({ key, payload });
  };
  const endSessions = new EndSessions({
    bus: { publish } as unknown as Bus,
    clock: { now: () => 7 },
    logger: { ...silentLogger, error: (fields) => void log.push(fields) },
    waitingLimit,
  });
  return { endSessions, published, owner, log };
}

describe("the end of a session", () => {
  test("is told to the owner of its account", async () => {
    const { endSessions, published } = setUp();
    endSessions.end(juliet, { node: "n", session: 4 });
    await endSessions.settled();
    assert.deepEqual(published, [
      { key: juliet, payload: { kind: "end-session", session: { node: "n", session: 4 }, at: 7 } },
    ]);
    assert.equal(endSessions.unconfirmed, 0);
  });

  test("is told again until the owner has taken it", async () => {
    const { endSessions, published, owner } = setUp();
    owner.takes = false;
    endSessions.end(juliet, { node: "n", session: 4 });
    await endSessions.settled();
    endSessions.retry();
    await endSessions.settled();
    assert.equal(endSessions.unconfirmed, 1);
    owner.takes = true;
    endSessions.retry();
    await endSessions.settled();
    assert.equal(published.length, 1);
    assert.equal(endSessions.unconfirmed, 0);
  });

  test("is given up, with a line in the log, when too many wait", async () => {
    const { endSessions, owner, log } = setUp(1);
    owner.takes = false;
    endSessions.end(juliet, { node: "n", session: 4 });
    endSessions.end(juliet, { node: "n", session: 5 });
    await endSessions.settled();
    assert.equal(endSessions.unconfirmed, 1);
    assert.deepEqual(log, [{ event: "session.end-lost", account: juliet, session: 4 }]);
  });
});
