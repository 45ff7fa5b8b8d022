import {
  type BucketProperties,
  createDirectTransport,
  createRiakClient,
  type RiakClient,
} from "@rollcall/riak-client";
import { type EmbeddedRiak, openEmbeddedRiak } from "@rollcall/riak-embedded";
import type { ListenAddress, Service } from "@rollcall/runtime";
import type { Logger } from "@rollcall/telemetry";

export interface EmbeddedStoreOptions {
  /** Where the data is. */
  readonly dir: string;
  /** Where Riak's HTTP API is open; `undefined` keeps it inside the process. */
  readonly listen: ListenAddress | undefined;
  /** Buckets and the properties they must have. */
  readonly buckets: Readonly<Record<string, BucketProperties>>;
  readonly logger: Logger;
}

/** The embedded store as a service, and the client that calls it without a socket. */
export interface EmbeddedStore {
  readonly service: Service;
  readonly client: RiakClient;
  /** What of the properties of the buckets is not as it must be. @throws {RiakError} */
  bucketProblems(): Promise<{ readonly buckets: string[]; readonly problems: string[] }>;
  /** Where the HTTP API is, once started. */
  address(): ListenAddress | undefined;
}

export function createEmbeddedStore(options: EmbeddedStoreOptions): EmbeddedStore {
  const { logger } = options;
  let riak: EmbeddedRiak | undefined;
  let bound: ListenAddress | undefined;
  const client = createRiakClient({
    logger,
    transport: createDirectTransport((request) => {
      if (riak === undefined) return Promise.reject(new Error("the embedded store is not open"));
      return riak.handle(request);
    }),
  });
  return {
    client,
    address: () => bound,
    async bucketProblems() {
      const problems = await Promise.all(
        Object.entries(options.buckets).map(([bucket, properties]) =>
          client.checkBucketProperties(bucket, properties),
        ),
      );
      return { buckets: Object.keys(options.buckets), problems: problems.flat() };
    },
    service: {
      name: "store",
      async start() {
        riak = await openEmbeddedRiak({ dir: options.dir, logger });
        for (const [bucket, properties] of Object.entries(options.buckets)) {
          await client.applyBucketProperties(bucket, properties);
        }
        if (options.listen !== undefined) bound = await riak.listen(options.listen);
      },
      notReady: () => (riak === undefined ? ["is not open"] : []),
      async drain() {},
      async stop() {
        await client.close();
        await riak?.close();
      },
    },
  };
}
