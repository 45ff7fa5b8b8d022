import { accountBucketProperties, createRiakAccountStore, DEFAULT_ACCOUNT_BUCKET } from "@rollcall/accounts";
import { createNatsBus } from "@rollcall/bus";
import {
  createManifestReader,
  createNatsOwnerMap,
  createNatsOwnership,
  createNodeWatch,
  createPreparedOwnership,
} from "@rollcall/ownership";
import {
  createPresenceService,
  createRiakOfflineStore,
  DEFAULT_OFFLINE_BUCKET,
  offlineBucketProperties,
} from "@rollcall/presence";
import { type Service, systemClock } from "@rollcall/runtime";
import { createProcessControl } from "./process-control.ts";
import {
  busService,
  type ClusterProcess,
  createProcessParts,
  ownerMapService,
  type ProcessOptions,
  partitionsService,
  rejectsWhenAborted,
} from "./process-parts.ts";
import type { PresenceProcessSettings } from "./settings.ts";
import { busStatus, natsStatus, servedPartitions } from "./status-parts.ts";

/** A presence instance: the sessions of the accounts of its partitions, in memory, and what is delivered to them. */
export function createPresenceProcess(options: ProcessOptions<PresenceProcessSettings>): ClusterProcess {
  const { settings, logger, processId } = options;
  const { tracer, tracing, http, nats, riak, counterRegistry, numbers } = createProcessParts(
    "presence",
    options,
    {
      [DEFAULT_ACCOUNT_BUCKET]: accountBucketProperties,
      [DEFAULT_OFFLINE_BUCKET]: offlineBucketProperties,
    },
  );

  let sessionsHere = (): number => 0;

  async function* parts(): AsyncGenerator<Service> {
    yield tracing;
    yield http;
    yield nats;
    yield riak.service;

    const shared = { connection: nats.connection, logger, replicas: settings["nats.replicas"] };
    const rosterOwners = createNatsOwnerMap({ ...shared, service: "roster-owner" });
    numbers.ofOwners("roster", rosterOwners);
    yield ownerMapService("roster-owners", rosterOwners);

    // What other processes left behind, and which are there: known before the first partition is taken.
    const nodes = createNodeWatch(shared);
    const manifest = createManifestReader(shared);
    yield {
      name: "nodes",
      async start(ending) {
        await Promise.race([manifest.whenCurrent(), rejectsWhenAborted(ending)]);
      },
      notReady: () => [],
      async drain() {},
      async stop() {
        nodes.stop();
        manifest.stop();
      },
    };

    const ownership = createNatsOwnership({
      ...shared,
      service: "presence-owner",
      instanceId: processId,
      ttlMs: settings["ownership.lease_ms"],
      handOverMs: settings["ownership.hand_over_ms"],
    });
    const prepared = createPreparedOwnership({ ownership, logger });
    const bus = createNatsBus({
      connection: nats.connection,
      processId,
      logger,
      tracer,
      owners: { "roster-owner": rosterOwners, "presence-owner": ownership },
      serving: { "presence-owner": prepared },
    });
    numbers.ofBus(bus);
    numbers.ofOwnership("presence", ownership, prepared);
    yield busService(bus);

    const { service: controlService } = createProcessControl({
      kind: "presence",
      connection: nats.connection,
      logger,
      tracer,
      processId,
      version: options.version,
      health: options.health,
      status: {
        serves: () => servedPartitions("presence-owner", prepared),
        sessions: () => sessionsHere(),
        bus: () => busStatus(bus),
        riak: () => riak.status(),
        nats: () => natsStatus(nats, undefined),
      },
    });
    yield controlService;

    const presence = createPresenceService({
      settings,
      bus,
      accounts: createRiakAccountStore({ client: riak.client }),
      offlineStore: createRiakOfflineStore({
        client: riak.client,
        quota: {
          messages: settings["offline.messages_per_account"],
          bytes: settings["offline.bytes_per_account"],
        },
      }),
      clock: systemClock,
      logger,
      tracer,
      instanceId: processId,
      cluster: { nodes, manifest },
      // What arrived together leaves together.
      schedule: setImmediate,
    });
    counterRegistry.add("presence", presence.counters);
    sessionsHere = () => presence.counters.sessions;
    yield presence;
    yield partitionsService({ ownership, prepared, preparation: presence.partitions, tracer });
  }

  return { services: parts(), addresses: () => ({ http: http.address }) };
}
