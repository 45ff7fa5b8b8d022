/**
 * The services in one process, on the in-memory bus and the embedded store. A parts list, and no logic of its own.
 */
import { join } from "node:path";
import {
  type AccountStore,
  accountBucketProperties,
  createRiakAccountStore,
  DEFAULT_ACCOUNT_BUCKET,
} from "@rollcall/accounts";
import { createAdminService } from "@rollcall/admin";
import { type Bus, createMemoryBus } from "@rollcall/bus";
import { createConnectionService } from "@rollcall/connection";
import {
  answerLogLevel,
  answerStatus,
  answerTrace,
  type Control,
  createControlHub,
  watchThisProcess,
} from "@rollcall/control";
import {
  createPresenceService,
  createRiakOfflineStore,
  DEFAULT_OFFLINE_BUCKET,
  offlineBucketProperties,
} from "@rollcall/presence";
import {
  createRiakRosterStore,
  createRosterService,
  RosterStoreCounters,
  rosterBucketProperties,
} from "@rollcall/roster";
import {
  createHttpServer,
  createInstanceId,
  createProcessTracer,
  Health,
  type ListenAddress,
  type Service,
  type SettingDescription,
  serveMetrics,
  systemClock,
  tracingService,
} from "@rollcall/runtime";
import { CounterRegistry, type Logger } from "@rollcall/telemetry";
import { createEmbeddedStore } from "./embedded-store.ts";
import { everyPartition } from "./every-partition.ts";
import type { AllInOneSettings } from "./settings.ts";

export interface AllInOneOptions {
  readonly settings: AllInOneSettings;
  readonly logger: Logger;
  /** Sends every payload through the codec of the bus, as between processes. For tests. */
  readonly encodeOnBus?: boolean | undefined;
  /** What the admin interface shows as settings. */
  readonly describeConfig?: (() => readonly SettingDescription[]) | undefined;
  readonly version?: string | undefined;
}

export interface Addresses {
  readonly c2s: ListenAddress | undefined;
  readonly c2sTls: ListenAddress | undefined;
  readonly riak: ListenAddress | undefined;
  readonly http: ListenAddress | undefined;
}

export interface AllInOne {
  /** In the order of the start, for `runServices`. */
  readonly services: readonly Service[];
  readonly health: Health;
  readonly accounts: AccountStore;
  readonly bus: Bus;
  /** What operators ask of the process. */
  readonly control: Control;
  /** Where it listens; known once started. */
  addresses(): Addresses;
}

export function createAllInOne(options: AllInOneOptions): AllInOne {
  const { settings, logger } = options;
  const clock = systemClock;
  const nodeId = createInstanceId("connection");
  const counterRegistry = new CounterRegistry();
  const health = new Health();

  // What everything stands on.
  const tracer = createProcessTracer(settings, {
    service: "rollcall",
    version: options.version,
    instanceId: nodeId,
  });
  const http = createHttpServer({ listen: settings["listen.http"], health, logger });
  serveMetrics(http, {
    settings,
    health,
    logger,
    registry: counterRegistry,
    service: "rollcall",
    version: options.version,
    instanceId: nodeId,
  });
  const store = createEmbeddedStore({
    dir: join(settings["data.dir"], "riak"),
    listen: settings["listen.riak"],
    buckets: {
      [settings["roster.bucket"]]: rosterBucketProperties,
      [DEFAULT_ACCOUNT_BUCKET]: accountBucketProperties,
      [DEFAULT_OFFLINE_BUCKET]: offlineBucketProperties,
    },
    logger,
  });
  const accounts = createRiakAccountStore({ client: store.client });
  const offlineStore = createRiakOfflineStore({
    client: store.client,
    quota: {
      messages: settings["offline.messages_per_account"],
      bytes: settings["offline.bytes_per_account"],
    },
  });
  const rosterStoreCounters = new RosterStoreCounters();
  const rosterStore = createRiakRosterStore({
    client: store.client,
    clock,
    logger,
    bucket: settings["roster.bucket"],
    cachedAccounts: settings["roster.cache_accounts"],
    cachedContacts: settings["roster.cache_contacts"],
    counters: rosterStoreCounters,
  });
  counterRegistry.add("roster-store", rosterStoreCounters);
  const bus = createMemoryBus({ logger, tracer, encode: options.encodeOnBus });
  counterRegistry.add("bus-handlers", () => bus.handlerNumbers());
  const control = createControlHub(logger).join({
    process: { id: nodeId, kind: "all-in-one", version: options.version ?? "", startedAt: clock.now() },
  });
  answerTrace(control, tracer);
  answerLogLevel(control, logger);

  // The loop: rosters, presence, sockets.
  const roster = createRosterService({
    settings,
    bus,
    store: rosterStore,
    accounts,
    clock,
    logger,
    instanceId: createInstanceId("roster"),
  });
  const presence = createPresenceService({
    settings,
    bus,
    accounts,
    offlineStore,
    clock,
    logger,
    tracer,
    instanceId: createInstanceId("presence"),
  });
  const admin = createAdminService({
    settings,
    accounts,
    bus,
    control,
    http,
    dataDir: settings["data.dir"],
    clock,
    logger,
    counterRegistry,
    describeConfig: options.describeConfig ?? (() => []),
    removeOfflineMessages: (jid) => offlineStore.remove(jid),
  });
  const connection = createConnectionService({
    settings,
    bus,
    accounts,
    logger,
    tracer,
    nodeId,
    clock,
    version: options.version,
  });
  const self = watchThisProcess();
  answerStatus(control, health, {
    ...self.parts,
    ...everyPartition(nodeId),
    sessions: () => connection.sessionCount(),
    certificate: () => connection.certificate(),
    riak: async () => ({ hosts: [], ...(await store.bucketProblems()) }),
  });
  counterRegistry.add("presence", presence.counters);
  counterRegistry.add("roster", roster.counters);
  counterRegistry.add("connection", () => connection.counters());
  counterRegistry.add("riak", store.client.counters);

  function controlService(): Service {
    return {
      name: "control",
      async start() {},
      notReady: () => [],
      async drain() {},
      async stop() {
        self.stop();
        control.stop();
      },
    };
  }

  return {
    services: [
      tracingService(tracer),
      http,
      store.service,
      busService(bus),
      controlService(),
      roster,
      presence,
      admin,
      connection,
    ],
    health,
    accounts,
    bus,
    control,
    addresses: () => ({
      c2s: connection.addresses().c2s,
      c2sTls: connection.addresses().c2sTls,
      riak: store.address(),
      http: http.address,
    }),
  };
}

/** The bus is drained after everybody who publishes, and before the store closes. */
function busService(bus: Bus): Service {
  return { name: "bus", async start() {}, notReady: () => [], drain: () => bus.drain(), async stop() {} };
}
