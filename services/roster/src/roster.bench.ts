/**
 * What roster gets and sets cost: the service on the memory bus, rosters in the embedded store, writes durable.
 *
 *   node services/roster/dist/roster.bench.js
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createMemoryAccountStore } from "@rollcall/accounts";
import { createMemoryBus, done } from "@rollcall/bus";
import { type AccountEffects, channels, type RosterCommand } from "@rollcall/contracts";
import { contactIn, emptyRoster, type RosterChange } from "@rollcall/rfc6121";
import { createDirectTransport, createRiakClient } from "@rollcall/riak-client";
import { openEmbeddedRiak } from "@rollcall/riak-embedded";
import { systemClock } from "@rollcall/runtime";
import { silentLogger } from "@rollcall/telemetry";
import { type BareJid, serializeStanza } from "@rollcall/xmpp";
import { createRosterService } from "./service.ts";
import { createRiakRosterStore, rosterBucketProperties } from "./store/riak-roster-store.ts";
import { rosterIq } from "./testing/roster-stage.ts";

const accounts = 50;
const rounds = 40;
const session = { node: "n", session: 1 };

const dir = await mkdtemp(join(tmpdir(), "rollcall-bench-"));
const riak = await openEmbeddedRiak({ dir, logger: silentLogger });
const client = createRiakClient({
  transport: createDirectTransport((request) => riak.handle(request)),
  logger: silentLogger,
});
await client.applyBucketProperties("xmpp", rosterBucketProperties);
const bus = createMemoryBus({ logger: silentLogger });
const store = createRiakRosterStore({ client, clock: systemClock, logger: silentLogger });
bus.consume(channels.presenceCommands, {}, (_, command) => {
  for (const effect of (command as AccountEffects).effects) {
    if (effect.kind === "answer-session") serializeStanza(effect.stanza);
  }
  return done;
});
const service = createRosterService({
  settings: {
    domains: ["x.example"],
    "roster.bucket": "xmpp",
    "roster.max_items": 5_000,
    "roster.max_groups_per_item": 50,
    "roster.max_name_bytes": 1_023,
    "roster.max_pending_requests": 200,
    "roster.max_request_length": 4_096,
    "roster.cache_accounts": 10_000,
    "roster.cache_contacts": 200_000,
    "roster.contact_patience_ms": 5_000,
    "roster.max_hand_overs": 10_000,
  },
  bus,
  store,
  accounts: Object.assign(createMemoryAccountStore(), { exists: async () => true }),
  clock: systemClock,
  logger: silentLogger,
  instanceId: "bench",
});
await service.start();

let sequence = 0;
function iq(account: BareJid, type: "get" | "set", content: string): RosterCommand {
  sequence += 1;
  const id = { origin: "n", session: 1, sequence };
  return { kind: "roster-iq", id, session, stanza: rosterIq(account, type, content), at: Date.now() };
}

async function measure(
  title: string,
  run: (account: BareJid, round: number) => Promise<void>,
  who: BareJid[],
) {
  for (const account of who) await run(account, -1);
  const cpu = process.cpuUsage();
  const began = performance.now();
  for (let round = 0; round < rounds; round += 1) {
    await Promise.all(who.map((account) => run(account, round)));
  }
  const wall = performance.now() - began;
  const { user, system } = process.cpuUsage(cpu);
  const count = rounds * who.length;
  const ms = (total: number) => (total / count).toFixed(3);
  console.log(`${title.padEnd(28)} ${ms((user + system) / 1000)} ms CPU, ${ms(wall)} ms wall each`);
}

for (const items of [100, 1_000]) {
  const who = Array.from({ length: accounts }, (_, n) => `u${items}-${n}@x.example` as BareJid);
  const changes = Array.from({ length: items }, (_, n): RosterChange => {
    const jid = `contact-number-${n}@x.example` as BareJid;
    const subscription = { state: "both", approved: false } as const;
    return {
      kind: "put",
      push: false,
      contact: {
        ...contactIn(emptyRoster, jid),
        inRoster: true,
        name: `Contact ${n}`,
        groups: ["Friends & co"],
        subscription,
      },
    };
  });
  for (const account of who) await store.update(account, () => ({ changes, result: undefined }));
  const publish = (account: BareJid, command: RosterCommand) =>
    bus.publish(channels.rosterCommands, account, command);
  await measure(`get, ${items} items`, (account) => publish(account, iq(account, "get", "")), who);
  await measure(
    `set among ${items} items`,
    (account, round) =>
      publish(account, iq(account, "set", `<item jid="contact-number-7@x.example" name="n${round}"/>`)),
    who,
  );
  await measure(
    `set, then get, ${items} items`,
    async (account, round) => {
      await publish(account, iq(account, "set", `<item jid="contact-number-8@x.example" name="n${round}"/>`));
      await publish(account, iq(account, "get", ""));
    },
    who,
  );
  const uncached = createRiakRosterStore({
    client,
    clock: systemClock,
    logger: silentLogger,
    cachedAccounts: 0,
  });
  await measure(
    `read uncached, ${items} items`,
    async (account) => {
      await uncached.load(account);
    },
    who,
  );
}

await service.drain(1_000);
await client.close();
await riak.close();
await rm(dir, { recursive: true });
