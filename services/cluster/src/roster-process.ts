import { createRiakAccountStore } from "@rollcall/accounts";
import { createAdminService } from "@rollcall/admin";
import { createNatsBus, type NatsBus } from "@rollcall/bus";
import type { Control } from "@rollcall/control";
import {
  createNatsOwnerMap,
  createNatsOwnership,
  createNodeWatch,
  createPreparedOwnership,
} from "@rollcall/ownership";
import { createRiakOfflineStore } from "@rollcall/presence";
import { createRiakRosterStore, createRosterService, RosterStoreCounters } from "@rollcall/roster";
import { type Service, systemClock } from "@rollcall/runtime";
import { silentLogger } from "@rollcall/telemetry";
import { bucketsOf } from "./apply-buckets.ts";
import { createProcessControl } from "./process-control.ts";
import {
  busService,
  type ClusterProcess,
  createProcessParts,
  ownerMapService,
  type ProcessOptions,
  partitionsService,
} from "./process-parts.ts";
import type { RosterProcessSettings } from "./settings.ts";
import { busStatus, natsStatus, ownersOf, servedPartitions } from "./status-parts.ts";

/** A roster instance: the rosters of its partitions, and the admin interface for all accounts. */
export function createRosterProcess(options: ProcessOptions<RosterProcessSettings>): ClusterProcess {
  const { settings, logger, processId } = options;
  const clock = systemClock;
  const { tracer, tracing, http, nats, riak, counterRegistry, numbers } = createProcessParts(
    "roster",
    options,
    bucketsOf(settings),
  );
  const accounts = createRiakAccountStore({ client: riak.client });
  const offlineStore = createRiakOfflineStore({
    client: riak.client,
    quota: {
      messages: settings["offline.messages_per_account"],
      bytes: settings["offline.bytes_per_account"],
    },
  });
  let bus: NatsBus | undefined;
  let control: Control | undefined;
  const admin = createAdminService({
    settings,
    accounts,
    // Its routes have to be there before HTTP listens, and HTTP listens before there is a bus.
    bus: {
      request: (channel, key, question, timeoutMs) => {
        if (bus === undefined) return Promise.reject(new Error("the process is starting"));
        return bus.request(channel, key, question, timeoutMs);
      },
    },
    control: {
      ask: (question, askOptions) => {
        if (control === undefined) return Promise.reject(new Error("the process is starting"));
        return control.ask(question, askOptions);
      },
    },
    http,
    dataDir: settings["data.dir"],
    clock,
    logger,
    counterRegistry,
    describeConfig: options.describeConfig ?? (() => []),
    removeOfflineMessages: (jid) => offlineStore.remove(jid),
  });

  async function* parts(): AsyncGenerator<Service> {
    yield tracing;
    yield http;
    yield nats;
    yield riak.service;

    const shared = { connection: nats.connection, logger, replicas: settings["nats.replicas"] };
    const presenceOwners = createNatsOwnerMap({ ...shared, service: "presence-owner" });
    numbers.ofOwners("presence", presenceOwners);
    yield ownerMapService("presence-owners", presenceOwners);

    const ownership = createNatsOwnership({
      ...shared,
      service: "roster-owner",
      instanceId: processId,
      ttlMs: settings["ownership.lease_ms"],
      handOverMs: settings["ownership.hand_over_ms"],
    });
    const prepared = createPreparedOwnership({ ownership, logger });
    bus = createNatsBus({
      connection: nats.connection,
      processId,
      logger,
      tracer,
      owners: { "roster-owner": ownership, "presence-owner": presenceOwners },
      serving: { "roster-owner": prepared },
    });
    numbers.ofBus(bus);
    numbers.ofOwnership("roster", ownership, prepared);
    yield busService(bus);

    // Who should answer operators. Presence owners log which nodes come and go.
    const nodes = createNodeWatch({ ...shared, logger: silentLogger });
    const controlled = createProcessControl({
      kind: "roster",
      connection: nats.connection,
      logger,
      tracer,
      processId,
      version: options.version,
      health: options.health,
      status: {
        serves: () => servedPartitions("roster-owner", prepared),
        owners: () => [ownersOf("roster-owner", ownership), ownersOf("presence-owner", presenceOwners)],
        bus: () => busStatus(bus),
        riak: () => riak.status(),
        nats: () => natsStatus(nats, settings["nats.replicas"]),
      },
      expected: () => [...ownership.members(), ...presenceOwners.members(), ...nodes.nodes()],
    });
    control = controlled.control;
    yield {
      ...controlled.service,
      async stop() {
        nodes.stop();
        await controlled.service.stop();
      },
    };

    const rosterStoreCounters = new RosterStoreCounters();
    const roster = createRosterService({
      settings,
      bus,
      store: createRiakRosterStore({
        client: riak.client,
        clock,
        logger,
        bucket: settings["roster.bucket"],
        cachedAccounts: settings["roster.cache_accounts"],
        cachedContacts: settings["roster.cache_contacts"],
        counters: rosterStoreCounters,
      }),
      accounts,
      clock,
      logger,
      instanceId: processId,
    });
    counterRegistry.add("roster", roster.counters);
    counterRegistry.add("roster-store", rosterStoreCounters);
    yield roster;
    yield partitionsService({ ownership, prepared, preparation: roster.partitions, tracer });
    yield admin;
  }

  return { services: parts(), addresses: () => ({ http: http.address }) };
}
