import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { partitionOf } from "@rollcall/contracts";
import { type FullJid, parseStanza } from "@rollcall/xmpp";
import { FakeOwnerMap } from "../testing/fake-owner-map.ts";
import { fakeSession } from "../testing/fake-session.ts";
import type { Handover } from "../uplink/publish-stanza.ts";
import type { LocalSession } from "./local-session.ts";
import { ReportSessions } from "./report-sessions.ts";
import { ReportableSessions } from "./reportable-sessions.ts";

const juliet = "juliet@example.org";
const partition = partitionOf(juliet);

function setUp(directedPerSession = 3) {
  const changed: number[] = [];
  const clock = { time: 1_000 };
  const reportable = new ReportableSessions({
    clock: { now: () => clock.time },
    directedPerSession,
    changed: (one) => void changed.push(one),
  });
  const owners = new FakeOwnerMap();
  const report = new ReportSessions({ sessions: reportable, owners });
  const ask = (after = 0, partitions = [partition]) =>
    report.answer({
      owner: "presence-2",
      partitions: partitions.map((one) => ({ partition: one, epoch: 7 })),
      after,
    });
  const bind = (handle: number, account = juliet): LocalSession => {
    const { session } = fakeSession({ handle, account });
    reportable.add(session);
    return session;
  };
  /** An owner acknowledged the presence. */
  const say = (session: LocalSession, xml: string, at = 2_000): void => {
    const stanza = parseStanza(xml)!;
    const kind = stanza.to === undefined ? "broadcast-presence" : "direct-presence";
    const handover: Handover = {
      kind: "presence-command",
      command: { kind, session: session.ref, stanza, at },
    };
    reportable.acknowledge(session, handover);
  };
  return { reportable, owners, changed, clock, ask, bind, say };
}

function roster(session: LocalSession, xml: string): Handover {
  const id = { origin: "n", session: 1, sequence: 1 };
  const stanza = parseStanza(xml)!;
  return { kind: "roster-command", command: { kind: "roster-iq", id, session: session.ref, stanza, at: 0 } };
}

describe("a report", () => {
  test("says what owners have acknowledged", async () => {
    const { ask, bind, reportable, say } = setUp();
    const session = bind(5);
    say(session, "<presence><show>away</show></presence>", 2_000);
    say(session, "<presence xml:lang='en' id='p'><show>dnd</show></presence>", 3_000);
    say(session, "<presence to='room@example.org/me'/>");
    say(session, "<presence to='romeo@example.net'/>");
    say(session, "<presence to='room@example.org/me' type='unavailable'/>");
    say(session, "<presence to='nurse@example.net' type='probe'/>");
    reportable.acknowledge(session, roster(session, "<iq type='get' id='r'><query/></iq>"));
    const { sessions, more } = await ask();
    assert.equal(more, false);
    const [reported] = sessions;
    assert.deepEqual(
      { ...reported, presence: undefined },
      {
        session: 5,
        jid: "juliet@example.org/balcony" as FullJid,
        boundAt: 1_000,
        interested: true,
        presence: undefined,
        presenceAt: 3_000,
        becomesAvailable: undefined,
        directed: ["romeo@example.net"],
      },
    );
    assert.deepEqual(reported?.presence, {
      ...parseStanza("<presence xml:lang='en' id='p'><show>dnd</show></presence>"),
      from: "juliet@example.org/balcony",
    });
  });

  test("says that initial presence is with an owner, until that has taken or refused it", async () => {
    const { ask, bind, reportable, say } = setUp();
    const session = bind(5);
    const command = {
      kind: "broadcast-presence",
      session: session.ref,
      stanza: parseStanza("<presence/>")!,
      at: 2_000,
    } as const;
    const becomesAvailable = async () => (await ask()).sessions[0]?.becomesAvailable;
    assert.equal(await becomesAvailable(), undefined);
    reportable.handsOver(session, { kind: "presence-command", command });
    assert.equal(await becomesAvailable(), true);
    reportable.refused(session);
    assert.equal(await becomesAvailable(), undefined);
    reportable.handsOver(session, { kind: "presence-command", command });
    say(session, "<presence/>");
    assert.equal(await becomesAvailable(), undefined);
    reportable.handsOver(session, { kind: "presence-command", command });
    assert.equal(await becomesAvailable(), undefined, "subsequent presence");
  });

  test("says nothing of presence that was taken back", async () => {
    const { ask, bind, say } = setUp();
    const session = bind(5);
    say(session, "<presence/>");
    say(session, "<presence to='romeo@example.net'/>");
    say(session, "<presence type='unavailable'/>");
    const [reported] = (await ask()).sessions;
    assert.deepEqual([reported?.presence, reported?.directed], [undefined, []]);
  });

  test("does not take a look at another roster for interest in the own one", async () => {
    const { ask, bind, reportable } = setUp();
    const session = bind(5);
    reportable.acknowledge(
      session,
      roster(session, "<iq type='get' id='r' to='romeo@example.net'><query/></iq>"),
    );
    reportable.acknowledge(session, roster(session, "<iq type='set' id='r'><query/></iq>"));
    assert.equal((await ask()).sessions[0]?.interested, false);
    reportable.acknowledge(session, roster(session, `<iq type='get' id='r' to='${juliet}'><query/></iq>`));
    assert.equal((await ask()).sessions[0]?.interested, true);
  });

  test("remembers no more directed presence than the owner does", async () => {
    const { ask, bind, say } = setUp(2);
    const session = bind(5);
    for (const name of ["a", "b", "a", "c"]) say(session, `<presence to='${name}@example.net'/>`);
    assert.deepEqual((await ask()).sessions[0]?.directed, ["a@example.net", "b@example.net"]);
    say(session, "<presence to='a@example.net' type='unavailable'/>");
    say(session, "<presence to='c@example.net'/>");
    assert.deepEqual((await ask()).sessions[0]?.directed, ["b@example.net", "c@example.net"]);
  });

  test("has the sessions of the partitions that are asked for, until their end is confirmed", async () => {
    const { ask, bind, reportable } = setUp();
    const romeo = "romeo@example.net";
    const sessions = [bind(1), bind(2, romeo), bind(3), bind(4, "nurse@example.org")];
    const handles = async (...accounts: string[]) =>
      (await ask(0, accounts.map(partitionOf))).sessions.map(({ session }) => session);
    assert.deepEqual(await handles(juliet), [1, 3]);
    assert.deepEqual(await handles(romeo, juliet, romeo), [1, 2, 3]);
    assert.deepEqual(await handles(), []);
    reportable.remove(sessions[0]!);
    reportable.remove(sessions[0]!);
    assert.deepEqual(await handles(juliet, romeo), [2, 3]);
  });

  test("comes in pages in the order of handles, whatever the order of binding was", async () => {
    const { ask, bind } = setUp();
    const partitions = new Set<number>();
    for (let handle = 2_500; handle > 0; handle -= 1) {
      const account = `user${handle % 40}@example.org`;
      partitions.add(partitionOf(account));
      bind(handle, account);
    }
    const seen: number[] = [];
    const pages: number[] = [];
    for (let after = 0; ; after = seen.at(-1)!) {
      const { sessions, more } = await ask(after, [...partitions]);
      pages.push(sessions.length);
      seen.push(...sessions.map(({ session }) => session));
      if (!more) break;
    }
    assert.deepEqual(pages, [1_000, 1_000, 500]);
    assert.deepEqual(
      seen,
      Array.from({ length: 2_500 }, (_, i) => i + 1),
    );
  });

  test("has pages that fit into a message", async () => {
    const { ask, bind, say } = setUp(10_000);
    const status = "é".repeat(50_000);
    for (let handle = 1; handle <= 10; handle += 1) {
      const session = bind(handle);
      say(session, `<presence><status>${status}</status></presence>`);
      for (let n = 0; n < 100; n += 1) say(session, `<presence to='${n}${"x".repeat(1_000)}@example.net'/>`);
    }
    let handles = 0;
    for (let after = 0; ; ) {
      const { sessions, more } = await ask(after);
      assert.ok(Buffer.byteLength(JSON.stringify(sessions)) < 700_000);
      handles += sessions.length;
      after = sessions.at(-1)!.session;
      if (!more) break;
    }
    assert.equal(handles, 10);
  });

  test("teaches the node who the owner is", async () => {
    const { ask, owners } = setUp();
    await ask(0, [3, 4]);
    assert.deepEqual(owners.ownerOf(4), { instanceId: "presence-2", epoch: 7 });
  });
});

test("the manifest hears of what sessions owe, and of nothing else", () => {
  const { bind, changed, reportable, say } = setUp();
  const session = bind(1);
  const told = (): number => changed.splice(0).length;
  assert.equal(told(), 0);
  say(session, "<presence/>");
  assert.equal(told(), 1);
  say(session, "<presence><show>away</show></presence>");
  assert.equal(told(), 0);
  say(session, "<presence to='a@example.net'/>");
  assert.equal(told(), 1);
  say(session, "<presence to='a@example.net'/>");
  say(session, "<presence to='b@example.net' type='unavailable'/>");
  assert.equal(told(), 0);
  say(session, "<presence to='a@example.net' type='unavailable'/>");
  assert.equal(told(), 1);
  say(session, "<presence type='unavailable'/>");
  assert.equal(told(), 1);
  say(session, "<presence type='unavailable'/>");
  assert.equal(told(), 0);
  reportable.remove(session);
  assert.equal(told(), 0);
  const other = bind(2);
  say(other, "<presence/>");
  told();
  reportable.remove(other);
  assert.equal(told(), 1);
});
