import type { NatsBus } from "@rollcall/bus";
import { PARTITIONS } from "@rollcall/contracts";
import { createNatsService, type NatsService } from "@rollcall/nats";
import type { NatsOwnerMap, NatsOwnership, Preparation, PreparedOwnership } from "@rollcall/ownership";
import {
  createHttpServer,
  createProcessTracer,
  type Health,
  type HttpServer,
  type ListenAddress,
  type Service,
  type SettingDescription,
  type SettingValues,
  serveMetrics,
  tracingService,
} from "@rollcall/runtime";
import { CounterRegistry, errorCode, type Logger, type Tracer } from "@rollcall/telemetry";
import { ClusterNumbers } from "./cluster-numbers.ts";
import { createRiakStore, type RiakStore, type RiakStoreOptions } from "./riak-store.ts";
import type { sharedSettings } from "./settings.ts";

/** What a process is given. */
export interface ProcessOptions<S> {
  readonly settings: S;
  readonly logger: Logger;
  readonly health: Health;
  /** Node id or instance id, new at every start (`createInstanceId`). */
  readonly processId: string;
  readonly version: string;
  /** What the admin interface shows as settings. */
  readonly describeConfig?: (() => readonly SettingDescription[]) | undefined;
}

/** A process, as `runServices` runs it. */
export interface ClusterProcess {
  /** In the order of the start; to be iterated once. */
  readonly services: AsyncIterable<Service>;
  /** Where it listens, by what for; known once started. */
  addresses(): Readonly<Record<string, ListenAddress | undefined>>;
}

/** What every process of a cluster stands on. */
export interface ProcessParts {
  readonly tracer: Tracer;
  /** Sends what is traced until the end. */
  readonly tracing: Service;
  readonly http: HttpServer;
  readonly nats: NatsService;
  readonly riak: RiakStore;
  readonly counterRegistry: CounterRegistry;
  readonly numbers: ClusterNumbers;
}

/**
 * @param kind of the process.
 * @param buckets those that this process keeps something in.
 */
export function createProcessParts(
  kind: "connection" | "roster" | "presence",
  options: ProcessOptions<SettingValues<typeof sharedSettings>>,
  buckets: RiakStoreOptions["buckets"],
): ProcessParts {
  const { settings, logger, health, processId, version } = options;
  const counterRegistry = new CounterRegistry();
  const riak = createRiakStore({ settings, buckets, logger });
  const nats = createNatsService({ settings, name: processId, logger });
  const numbers = new ClusterNumbers(counterRegistry);
  numbers.ofRiak(riak);
  numbers.ofNats(nats);
  const tracer = createProcessTracer(settings, {
    service: `rollcall-${kind}`,
    version,
    instanceId: processId,
  });
  const http = createHttpServer({ listen: settings["listen.http"], health, logger });
  serveMetrics(http, {
    settings,
    health,
    logger,
    registry: counterRegistry,
    service: `rollcall-${kind}`,
    version,
    instanceId: processId,
  });
  return { tracer, tracing: tracingService(tracer), http, nats, riak, counterRegistry, numbers };
}

/** The bus is drained after everybody who publishes, and closed before its connection. */
export function busService(bus: NatsBus): Service {
  return {
    name: "bus",
    async start() {},
    notReady: () => bus.notReady(),
    drain: () => bus.drain(),
    stop: () => bus.close(),
  };
}

/** Owners of a service, as others see them. Nobody sends anything before all are known. */
export function ownerMapService(name: string, owners: NatsOwnerMap): Service {
  return {
    name,
    async start(ending) {
      await Promise.race([owners.whenCurrent(), rejectsWhenAborted(ending)]);
    },
    notReady: () => (owners.isCurrent ? [] : ["the leases have not been read"]),
    async drain() {},
    async stop() {
      owners.stop();
    },
  };
}

export interface PartitionsServiceOptions {
  readonly ownership: NatsOwnership;
  readonly prepared: PreparedOwnership;
  readonly preparation: Preparation;
  readonly tracer: Tracer;
}

/**
 * The partitions of this process: taken when everything that serves them has started, and handed over before anything
 * of it ends.
 */
export function partitionsService(options: PartitionsServiceOptions): Service {
  const { ownership, prepared, preparation, tracer } = options;
  return {
    name: "partitions",
    async start() {
      prepared.prepareWith(preparation);
    },
    notReady: () => [...ownership.notReady(), ...prepared.notReady()],
    async drain() {
      const span = tracer.begin("hand over partitions", {
        attributes: { "xmpp.partitions": ownedBy(ownership) },
      });
      try {
        await prepared.release();
      } catch (error) {
        span?.fail(errorCode(error));
        throw error;
      } finally {
        span?.end();
      }
    },
    async stop() {},
  };
}

function ownedBy(ownership: NatsOwnership): number {
  let owned = 0;
  for (let partition = 0; partition < PARTITIONS; partition += 1)
    if (ownership.epochOf(partition) !== undefined) owned += 1;
  return owned;
}

/** For a start that waits for something, and is called off. */
export function rejectsWhenAborted(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_, reject) => {
    signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}
