import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Bus, BusError } from "@rollcall/bus";
import { type KnownSessionsAnswer, type KnownSessionsQuestion, partitionOf } from "@rollcall/contracts";
import { silentLogger } from "@rollcall/telemetry";
import { LocalSessions } from "../sessions/local-sessions.ts";
import { ReportableSessions } from "../sessions/reportable-sessions.ts";
import { fakeSession } from "../testing/fake-session.ts";
import { RevalidateSessions } from "./revalidate-sessions.ts";

function setUp() {
  const sessions = new LocalSessions("node-1");
  const reportable = new ReportableSessions({
    clock: { now: () => 0 },
    directedPerSession: 1,
    changed: () => {},
  });
  const asked: { readonly key: string; readonly question: KnownSessionsQuestion }[] = [];
  const owner = {
    answer: async (_question: KnownSessionsQuestion): Promise<KnownSessionsAnswer> => ({ unknown: [] }),
  };
  const request = (_channel: unknown, key: string, question: KnownSessionsQuestion) => {
    asked.push({ key, question });
    return owner.answer(question);
  };
  const revalidation = new RevalidateSessions({
    bus: { request } as unknown as Bus,
    logger: silentLogger,
    nodeId: "node-1",
    sessions,
    reportable,
    sleep: () => new Promise((resolve) => setImmediate(resolve)),
  });
  const bind = (handle: number, account = "juliet@example.org") => {
    const fake = fakeSession({ handle, account });
    reportable.add(fake.session);
    sessions.add(fake.session);
    return fake;
  };
  return { sessions, reportable, owner, asked, revalidation, bind };
}

describe("after an absence", () => {
  test("the streams of sessions that do not count any more are reset, and only those", async () => {
    const { bind, owner, revalidation } = setUp();
    const [one, two, other] = [bind(1), bind(2), bind(3, "romeo@example.net")];
    owner.answer = async ({ sessions }) => ({ unknown: sessions.filter((handle) => handle !== 2) });
    await revalidation.run();
    assert.deepEqual(
      [one, two, other].map(({ closed }) => closed.map(({ condition }) => condition)),
      [["reset"], [], ["reset"]],
    );
    assert.equal(one.session.acknowledged?.isDisowned, true);
    assert.equal(two.session.acknowledged?.isDisowned, false);
  });

  test("there is one question for each partition, with a thousand handles at most", async () => {
    const { asked, bind, revalidation } = setUp();
    for (let handle = 1; handle <= 2_001; handle += 1) bind(handle);
    bind(3_000, "romeo@example.net");
    await revalidation.run();
    const sizes = new Map<number, number[]>();
    for (const { key, question } of asked) {
      assert.equal(question.node, "node-1");
      const partition = partitionOf(key);
      sizes.set(
        partition,
        [...(sizes.get(partition) ?? []), question.sessions.length].sort((a, b) => b - a),
      );
    }
    assert.deepEqual(sizes.get(partitionOf("juliet@example.org")), [1_000, 1_000, 1]);
    assert.deepEqual(sizes.get(partitionOf("romeo@example.net")), [1]);
    assert.equal(sizes.size, 2);
  });

  test("an owner is asked until it answers", async () => {
    const { bind, owner, revalidation } = setUp();
    const { closed } = bind(1);
    let attempts = 0;
    owner.answer = async ({ sessions }) => {
      attempts += 1;
      if (attempts < 5) throw new BusError("no-answer", "nobody there");
      return { unknown: sessions };
    };
    await revalidation.run();
    assert.equal(attempts, 5);
    assert.equal(closed.length, 1);
  });

  test("sessions that are bound meanwhile are asked for as well; those whose streams are gone are not", async () => {
    const { asked, bind, owner, revalidation, sessions } = setUp();
    sessions.remove(bind(1).session);
    bind(2);
    owner.answer = async ({ sessions: handles }) => {
      if (handles.includes(2)) bind(3);
      return { unknown: [] };
    };
    await revalidation.run();
    assert.deepEqual(
      asked.map(({ question }) => question.sessions),
      [[2], [3]],
    );
  });

  test("a node that stops asks no more", async () => {
    const { bind, owner, revalidation } = setUp();
    bind(1);
    owner.answer = async () => {
      revalidation.stop();
      throw new BusError("closed", "the bus is closed");
    };
    await revalidation.run();
  });
});
