import { accountBucketProperties, createRiakAccountStore, DEFAULT_ACCOUNT_BUCKET } from "@rollcall/accounts";
import { createNatsBus } from "@rollcall/bus";
import { type ConnectionService, createConnectionService } from "@rollcall/connection";
import {
  createHeartbeat,
  createManifestWriter,
  createNatsOwnerMap,
  type Heartbeat,
} from "@rollcall/ownership";
import { type Service, systemClock } from "@rollcall/runtime";
import { createProcessControl } from "./process-control.ts";
import {
  busService,
  type ClusterProcess,
  createProcessParts,
  ownerMapService,
  type ProcessOptions,
} from "./process-parts.ts";
import type { ConnectionProcessSettings } from "./settings.ts";
import { busStatus, natsStatus } from "./status-parts.ts";

/** A connection node: holds the connections of clients, and owns nothing. */
export function createConnectionProcess(options: ProcessOptions<ConnectionProcessSettings>): ClusterProcess {
  const { settings, logger, processId, version } = options;
  const { tracer, tracing, http, nats, riak, counterRegistry, numbers } = createProcessParts(
    "connection",
    options,
    {
      [DEFAULT_ACCOUNT_BUCKET]: accountBucketProperties,
    },
  );
  let connection: ConnectionService | undefined;
  let heartbeat: Heartbeat | undefined;

  async function* parts(): AsyncGenerator<Service> {
    yield tracing;
    yield http;
    yield nats;
    yield riak.service;

    const shared = { connection: nats.connection, logger, replicas: settings["nats.replicas"] };
    const rosterOwners = createNatsOwnerMap({ ...shared, service: "roster-owner" });
    numbers.ofOwners("roster", rosterOwners);
    yield ownerMapService("roster-owners", rosterOwners);
    const presenceOwners = createNatsOwnerMap({ ...shared, service: "presence-owner" });
    numbers.ofOwners("presence", presenceOwners);
    yield ownerMapService("presence-owners", presenceOwners);

    const bus = createNatsBus({
      connection: nats.connection,
      processId,
      logger,
      tracer,
      owners: { "roster-owner": rosterOwners, "presence-owner": presenceOwners },
    });
    numbers.ofBus(bus);
    yield busService(bus);

    const { service: controlService } = createProcessControl({
      kind: "connection",
      connection: nats.connection,
      logger,
      tracer,
      processId,
      version: options.version,
      health: options.health,
      status: {
        sessions: () => connection?.sessionCount(),
        certificate: () => connection?.certificate(),
        bus: () => busStatus(bus),
        riak: () => riak.status(),
        nats: () => natsStatus(nats, undefined),
      },
    });
    yield controlService;

    const manifest = createManifestWriter({
      ...shared,
      nodeId: processId,
      sessionsOf: (partition) => connection?.manifestSessions(partition) ?? [],
    });
    yield {
      name: "manifest",
      async start() {},
      notReady: () => [],
      drain: () => manifest.flush(),
      async stop() {
        manifest.stop();
      },
    };

    yield heartbeatService();

    connection = createConnectionService({
      settings,
      bus,
      accounts: createRiakAccountStore({ client: riak.client }),
      logger,
      tracer,
      nodeId: processId,
      clock: systemClock,
      version,
      cluster: {
        owners: presenceOwners,
        connected: () => nats.isConnected(),
        heardAt: () => heartbeat?.heardAt ?? performance.now(),
        manifest,
      },
    });
    counterRegistry.add("connection", () => connection?.counters() ?? {});
    yield connection;
  }

  /** Owners have to know of the node before its first session does anything, and until its last one has ended. */
  function heartbeatService(): Service {
    return {
      name: "heartbeat",
      async start() {
        heartbeat = createHeartbeat({ connection: nats.connection, nodeId: processId, logger });
      },
      notReady: () => [],
      async drain() {},
      async stop() {
        heartbeat?.stop();
      },
    };
  }

  return {
    services: parts(),
    addresses: () => ({ http: http.address, ...connection?.addresses() }),
  };
}
