import { setTimeout } from "node:timers/promises";
import type { ProcessStatus } from "@rollcall/contracts";
import {
  type BucketProperties,
  createHttpTransport,
  createRiakClient,
  type HostStatus,
  type HttpTransportCounters,
  type RiakClient,
} from "@rollcall/riak-client";
import type { Service } from "@rollcall/runtime";
import type { Logger } from "@rollcall/telemetry";
import { hostUrls, type RiakSettings } from "./riak-settings.ts";

export interface RiakStoreOptions {
  readonly settings: RiakSettings;
  /** Buckets of this process and the properties they must have. */
  readonly buckets: Readonly<Record<string, BucketProperties>>;
  readonly logger: Logger;
}

/** The Riak nodes as a service, and the client that reaches them. */
export interface RiakStore {
  readonly service: Service;
  readonly client: RiakClient;
  readonly transportCounters: HttpTransportCounters;
  hosts(): readonly HostStatus[];
  /** How the nodes are, and whether the buckets are as they must be. Never fails. */
  status(): Promise<NonNullable<ProcessStatus["riak"]>>;
}

const RETRY_MS = 500;
/** Less than a status waits for its parts. */
const STATUS_MS = 800;

/** Its start waits for Riak, and for its buckets to be as they must. */
export function createRiakStore({ settings, buckets, logger }: RiakStoreOptions): RiakStore {
  const transport = createHttpTransport({
    hosts: hostUrls(settings),
    connections: settings["riak.connections"],
    logger,
  });
  const client = createRiakClient({ transport, logger });

  async function prepareBuckets(): Promise<void> {
    for (const [bucket, properties] of Object.entries(buckets)) {
      await client.applyBucketProperties(bucket, properties);
    }
  }

  return {
    client,
    transportCounters: transport.counters,
    hosts: () => transport.hosts(),
    async status() {
      const hosts = transport.hosts().map(({ host, state }) => ({ host, state }));
      if (hosts.every(({ state }) => state === "open")) return { hosts, buckets: [], problems: [] };
      const looked = Promise.all(
        Object.entries(buckets).map(([bucket, properties]) =>
          client.checkBucketProperties(bucket, properties),
        ),
      );
      const overdue = setTimeout(STATUS_MS, undefined, { ref: false }).then(() => {
        throw new Error(`no answer within ${STATUS_MS} ms`);
      });
      try {
        const problems = await Promise.race([looked, overdue]);
        return { hosts, buckets: Object.keys(buckets), problems: problems.flat() };
      } catch (error) {
        looked.catch(() => {});
        return { hosts, buckets: [], problems: [], fault: (error as Error).message };
      }
    },
    service: {
      name: "riak",
      async start(ending) {
        for (;;) {
          ending?.throwIfAborted();
          try {
            return await prepareBuckets();
          } catch (error) {
            logger.warn({ event: "riak.not-there", hosts: settings["riak.hosts"], error });
          }
          await setTimeout(RETRY_MS);
        }
      },
      notReady: () =>
        transport.hosts().some(({ state }) => state !== "open")
          ? []
          : [`none of ${settings["riak.hosts"].join(", ")} answers`],
      async drain() {},
      stop: () => client.close(),
    },
  };
}
