/**
 * What a delivered presence, a chat message and an idle session cost. The bus takes everything and does nothing, so
 * the figures are this service's own.
 *
 *   node --expose-gc services/presence/dist/fan-out/fan-out.bench.js
 */
import { createMemoryAccountStore } from "@rollcall/accounts";
import type { Bus, MessageMeta, Outcome } from "@rollcall/bus";
import { channels, type DeliverStanza, type PresenceFanOut, type RosterView } from "@rollcall/contracts";
import { silentLogger } from "@rollcall/telemetry";
import { type BareJid, makeStanza } from "@rollcall/xmpp";
import { presenceSettings as declared, type PresenceSettings } from "../config.ts";
import { createMemoryOfflineStore } from "../delivery/memory-offline-store.ts";
import { createPresenceService } from "../service.ts";

type Handler = (key: unknown, payload: unknown, meta: MessageMeta) => unknown;

const meta: MessageMeta = { id: undefined, from: undefined, asOf: 0 };

const CONTACTS = 20;
const handlers = new Map<string, Handler>();
const views = new Map<string, RosterView>();

/** Calls handlers directly; what the service sends away is taken and forgotten. */
const bus = {
  publish: () => Promise.resolve(),
  multicast: () => Promise.resolve(),
  request: (_channel: unknown, key: string) => Promise.resolve(views.get(key)),
  consume: register,
  consumeMulticast: register,
  answer: register,
  drain: () => Promise.resolve(),
} as unknown as Bus;

function register(channel: { readonly name: string }, _options: unknown, handle: Handler) {
  handlers.set(channel.name, handle);
  return { drain: () => Promise.resolve() };
}

function defaults(): PresenceSettings {
  const values = Object.fromEntries(Object.entries(declared).map(([name, one]) => [name, one.default]));
  return { ...(values as unknown as PresenceSettings), domains: ["example.com"] };
}

const service = createPresenceService({
  settings: defaults(),
  bus,
  accounts: Object.assign(createMemoryAccountStore(), { exists: async () => true }),
  offlineStore: createMemoryOfflineStore({ messages: 1, bytes: 1 }),
  clock: { now: () => Date.now() },
  logger: silentLogger,
  instanceId: "bench",
});
await service.start();

const jidOf = (n: number): BareJid => `person${n}@example.com` as BareJid;
const payload =
  '<show>away</show><c xmlns="http://jabber.org/protocol/caps" hash="sha-1" node="urn:client" ver="q07IKJEyjvHSyhy//CH0CxmKi8w="/>';

/** Binds one session per account and makes it available; every account has `CONTACTS` contacts. */
async function populate(accounts: number, nodes: number): Promise<void> {
  const bind = handlers.get(channels.bind.name)!;
  const command = handlers.get(channels.presenceCommands.name)!;
  for (let n = 0; n < accounts; n += 1) {
    const account = jidOf(n);
    const session = { node: `node-${n % nodes}`, session: n };
    views.set(account, {
      revision: 1,
      exists: true,
      pendingRequests: [],
      contacts: Array.from({ length: CONTACTS }, (_, k) => ({
        contact: jidOf((n + k + 1) % accounts),
        subscription: "both",
        inRoster: true,
      })),
    });
    await bind(account, { account, session, requested: "balcony", generated: "g", at: 0 }, meta);
    // A text of its own each time, as a parser makes it.
    const stanza = makeStanza("presence", {
      from: `${account}/balcony`,
      payload: Buffer.from(payload).toString(),
      childName: "show",
      childCount: 2,
    });
    await command(account, { kind: "broadcast-presence", session, stanza, at: 0 }, meta);
    views.delete(account);
  }
}

function heapNow(): number {
  (globalThis as { gc?: () => void }).gc?.();
  return process.memoryUsage().heapUsed;
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Runs `once` in turns of `perTurn`, and prints what one of `units` costs, best of several rounds. */
async function measure(name: string, units: number, once: () => void, perTurn = 50): Promise<void> {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 8; round += 1) {
    const start = performance.now();
    for (let t = 0; t < 100; t += 1) {
      for (let n = 0; n < perTurn; n += 1) once();
      await turn();
    }
    best = Math.min(best, (performance.now() - start) / (100 * perTurn));
  }
  console.log(`${name}: ${((best / units) * 1_000).toFixed(3)} µs`);
}

const before = heapNow();
const people = 50_000;
await populate(people, 4);
await turn();
const perSession = (heapNow() - before) / people;
console.log(`an idle session with ${CONTACTS} contacts: ${Math.round(perSession)} bytes of heap`);

const fanOut = handlers.get(channels.fanOut.name) as unknown as (
  keys: readonly string[],
  message: PresenceFanOut,
  meta: MessageMeta,
) => Outcome | Promise<Outcome>;
const stanza = makeStanza("presence", { from: "juliet@example.com/balcony", payload, childCount: 2 });
const online = Array.from({ length: CONTACTS }, (_, n) => jidOf(n * 7));
await measure(`presence to ${CONTACTS} contacts on 4 nodes, per recipient`, CONTACTS, () => {
  void fanOut(online, { kind: "presence", stanza }, meta);
});

const deliver = handlers.get(channels.deliver.name) as unknown as (
  key: string,
  message: DeliverStanza,
  meta: MessageMeta,
) => Outcome | Promise<Outcome>;
const message = makeStanza("message", {
  type: "chat",
  id: "m1",
  from: "juliet@example.com/balcony",
  to: jidOf(1),
  payload: "<body>But, soft! what light through yonder window breaks?</body>",
  childName: "body",
});
await measure("chat message to a bare JID", 1, () => {
  void deliver(jidOf(1), { stanza: message, failedSession: undefined, at: 0 }, meta);
});

const { presenceDelivered, delivered, nodeItemsDropped } = service.counters;
console.log(`(${presenceDelivered} presences, ${delivered} messages, ${nodeItemsDropped} dropped)`);
