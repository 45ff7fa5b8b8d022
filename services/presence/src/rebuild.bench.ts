/**
 * How long it takes to know the idle sessions of won partitions again, from the question to the nodes to the last session
 * in the registry. The nodes answer at once, so the figures are this service's own; what a page costs on the wire comes
 * on top.
 *
 *   node --expose-gc services/presence/dist/rebuild.bench.js
 */
import { createMemoryAccountStore } from "@rollcall/accounts";
import { createMemoryBus, done } from "@rollcall/bus";
import { channels, PARTITIONS, type ReportedSession, type RosterView } from "@rollcall/contracts";
import { silentLogger } from "@rollcall/telemetry";
import { type FullJid, makeStanza } from "@rollcall/xmpp";
import { presenceSettings as declared, type PresenceSettings } from "./config.ts";
import { createMemoryOfflineStore } from "./delivery/memory-offline-store.ts";
import { createPresenceService } from "./service.ts";
import { FakeCluster } from "./testing/fake-cluster.ts";

const SESSIONS = 100_000;
const NODES = 4;
const PAGE = 500;
const payload =
  '<show>away</show><c xmlns="http://jabber.org/protocol/caps" hash="sha-1" node="urn:client" ver="q07IKJEyjvHSyhy//CH0CxmKi8w="/>';

function defaults(): PresenceSettings {
  const values = Object.fromEntries(Object.entries(declared).map(([name, one]) => [name, one.default]));
  return { ...(values as unknown as PresenceSettings), domains: ["example.com"] };
}

function sessionOf(n: number): ReportedSession {
  const jid = `person${n}@example.com/balcony` as FullJid;
  return {
    session: n + 1,
    jid,
    boundAt: n * 7,
    interested: true,
    // A text of its own each time, as it is after decoding.
    presence: makeStanza("presence", {
      from: jid,
      payload: Buffer.from(payload).toString(),
      childName: "show",
      childCount: 2,
    }),
    presenceAt: n * 7 + 1,
    directed: [],
  };
}

/** @param encode every page goes through the frame, as between processes. */
async function measure(name: string, encode: boolean): Promise<void> {
  const bus = createMemoryBus({ logger: silentLogger, encode });
  const cluster = new FakeCluster();
  for (let place = 0; place < NODES; place += 1) {
    const node = `node-${place}`;
    cluster.join(node);
    const sessions: ReportedSession[] = [];
    for (let n = place; n < SESSIONS; n += NODES) sessions.push(sessionOf(n));
    bus.consume(channels.nodeDeliveries, { nodeId: node }, () => done);
    bus.answer(channels.reportSessions, { nodeId: node }, (_, { after }) => {
      const start = after === 0 ? 0 : Math.floor((after - 1 - place) / NODES) + 1;
      return { sessions: sessions.slice(start, start + PAGE), more: start + PAGE < sessions.length };
    });
  }
  const view: RosterView = { revision: 1, exists: true, pendingRequests: [], contacts: [] };
  bus.answer(channels.rosterView, {}, () => view);
  const service = createPresenceService({
    settings: defaults(),
    bus,
    accounts: createMemoryAccountStore(),
    offlineStore: createMemoryOfflineStore({ messages: 1, bytes: 1 }),
    clock: { now: () => Date.now() },
    logger: silentLogger,
    instanceId: "bench",
    cluster,
  });
  await service.start();
  let best = Number.POSITIVE_INFINITY;
  let worst = 0;
  for (let round = 0; round < 5; round += 1) {
    (globalThis as { gc?: () => void }).gc?.();
    const start = performance.now();
    await Promise.all(
      Array.from({ length: PARTITIONS }, (_, partition) => service.partitions.gained(partition, round + 1)),
    );
    const ms = performance.now() - start;
    best = Math.min(best, ms);
    worst = Math.max(worst, ms);
    if (service.counters.sessions !== SESSIONS) throw new Error(`${service.counters.sessions} sessions`);
    const losing = performance.now();
    for (let partition = 0; partition < PARTITIONS; partition += 1) service.partitions.lost(partition);
    await Promise.resolve();
    const lost = performance.now() - losing;
    if (round === 4) console.log(`${name}: forgotten in ${lost.toFixed(0)} ms`);
  }
  console.log(`${name}: ${SESSIONS} sessions known in ${best.toFixed(0)} to ${worst.toFixed(0)} ms`);
  await service.stop();
}

await measure("handed over", false);
await measure("encoded and checked", true);
process.exit(0);
