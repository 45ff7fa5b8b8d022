import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ReportedSession } from "@rollcall/contracts";
import { silentLogger } from "@rollcall/telemetry";
import { type BareJid, type FullJid, makeStanza, type Stanza } from "@rollcall/xmpp";
import fc from "fast-check";
import { PresenceCounters } from "../counters.ts";
import { Outbox } from "../fan-out/outbox.ts";
import { keptPresence } from "../handlers/update-presence.ts";
import { SessionRegistry } from "../sessions/session-registry.ts";
import { SharedTexts } from "../sessions/shared-texts.ts";
import { RestoreSessions } from "./restore-sessions.ts";

const people = ["juliet@example.com", "romeo@example.net", "nurse@example.com"] as readonly string[];
const nodes = ["node-1", "node-2"] as const;

function open() {
  const counters = new PresenceCounters();
  const sent: string[] = [];
  const outbox = new Outbox({
    bus: { publish: async (_channel, node) => void sent.push(node) },
    schedule: queueMicrotask,
    sleep: () => Promise.resolve(),
    logger: silentLogger,
    counters,
  });
  const registry = new SessionRegistry(outbox, counters);
  const texts = new SharedTexts();
  const restoreSessions = new RestoreSessions({ registry, outbox, texts, counters });
  return { counters, registry, texts, restoreSessions, sent };
}

/** What somebody does who has a session, or gets one. */
const step = fc.oneof(
  fc.record({
    kind: fc.constant("bind" as const),
    person: fc.nat(people.length - 1),
    node: fc.constantFrom(...nodes),
    // Of two bindings in one millisecond on two nodes nobody knows the order.
    pauseMs: fc.integer({ min: 1, max: 3 }),
  }),
  fc.record({
    kind: fc.constant("show" as const),
    which: fc.nat(20),
    priority: fc.integer({ min: -2, max: 2 }),
  }),
  fc.record({ kind: fc.constantFrom("hide" as const, "end" as const), which: fc.nat(20) }),
  fc.record({ kind: fc.constant("interest" as const), which: fc.nat(20) }),
  fc.record({ kind: fc.constant("direct" as const), which: fc.nat(20), target: fc.constantFrom(...people) }),
);

/** Does the steps as the handlers do, and keeps what the nodes would report. */
function play(steps: readonly (typeof step extends fc.Arbitrary<infer S> ? S : never)[]) {
  const { registry, texts, counters } = open();
  const reported = new Map<number, { node: string; session: ReportedSession }>();
  let handle = 0;
  let now = 1_000;
  const change = (session: number, what: Partial<ReportedSession>): void => {
    const known = reported.get(session)!;
    reported.set(session, { ...known, session: { ...known.session, ...what } });
  };
  for (const one of steps) {
    if (one.kind === "bind") {
      handle += 1;
      now += one.pauseMs;
      const account = people[one.person] as BareJid;
      const session = registry.add(account, { node: one.node, session: handle }, `r${handle}`);
      reported.set(handle, {
        node: one.node,
        session: {
          session: handle,
          jid: session.jid,
          boundAt: now,
          interested: false,
          presence: undefined,
          presenceAt: 0,
          directed: [],
        },
      });
      continue;
    }
    const all = [...registry.accounts()].flatMap(({ sessions }) => sessions);
    const session = all[one.which % Math.max(1, all.length)];
    if (session === undefined) continue;
    now += 1;
    switch (one.kind) {
      case "show": {
        const payload = one.priority === 0 ? "" : `<priority>${one.priority}</priority>`;
        const stanza: Stanza = makeStanza("presence", { from: session.jid, payload, childCount: 1 });
        session.presence = keptPresence(stanza, session.jid, texts);
        session.presenceAt = now;
        session.presenceOrder = ++session.account.presences;
        session.priority = one.priority;
        registry.setAvailable(session, true);
        change(session.handle, { presence: stanza, presenceAt: now });
        break;
      }
      case "hide":
        registry.setAvailable(session, false);
        session.presence = undefined;
        session.priority = 0;
        change(session.handle, { presence: undefined });
        break;
      case "end":
        registry.remove(session);
        reported.delete(session.handle);
        break;
      case "interest":
        session.markInterested();
        change(session.handle, { interested: true });
        break;
      case "direct":
        session.rememberDirected(one.target);
        change(session.handle, { directed: [...session.directed] });
        break;
    }
  }
  return { registry, counters, reported: [...reported.values()] };
}

/** Everything that decides what happens next, in a form that can be compared. */
function picture(registry: SessionRegistry) {
  const accounts = [...registry.accounts()].map(({ jid, escapedJid, sessions }) => {
    const order = sessions.filter((one) => one.inPresenceSession);
    order.sort((a, b) => a.presenceOrder - b.presenceOrder);
    return {
      jid,
      escapedJid,
      sessions: sessions.map((session) => ({
        jid: session.jid,
        node: session.node.nodeId,
        handle: session.handle,
        available: session.available,
        inPresenceSession: session.inPresenceSession,
        interested: session.interested,
        gone: session.gone,
        ended: session.ended,
        presence: session.presence,
        presenceAt: session.inPresenceSession ? session.presenceAt : undefined,
        priority: session.priority,
        directed: [...session.directed],
        place: order.indexOf(session),
      })),
    };
  });
  return accounts.sort((a, b) => (a.jid < b.jid ? -1 : 1));
}

describe("a registry made of what the nodes report", () => {
  it("is exactly the one that was", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const before = play(steps);
        const after = open();
        await after.restoreSessions.restore(
          nodes.map((node) => ({
            node,
            sessions: before.reported.filter((one) => one.node === node).map(({ session }) => session),
          })),
          () => 1,
        );
        assert.deepEqual(picture(after.registry), picture(before.registry));
        for (const count of ["sessions", "availableSessions", "accounts"] as const) {
          assert.equal(after.counters[count], before.counters[count], count);
        }
      }),
      { numRuns: 300 },
    );
  });

  it("has none of the sessions of partitions that are not wanted any more", async () => {
    const { restoreSessions, registry } = open();
    const session: ReportedSession = {
      session: 1,
      jid: "juliet@example.com/balcony" as FullJid,
      boundAt: 0,
      interested: true,
      presence: undefined,
      presenceAt: 0,
      directed: [],
    };
    await restoreSessions.restore([{ node: "node-1", sessions: [session] }], () => undefined);
    assert.deepEqual(picture(registry), []);
  });
});
