import type { Logger } from "@rollcall/telemetry";
import type { Bucket, BucketOptions } from "./bucket.ts";
import { type BucketProperties, differingProperties, putBucketProperties } from "./bucket-properties.ts";
import { HttpBucket } from "./http-bucket.ts";
import { throwFault } from "./response-fault.ts";
import { RiakCounters } from "./riak-counters.ts";
import { RiakError } from "./riak-error.ts";
import type { RiakTransport } from "./riak-transport.ts";

export interface RiakClientOptions {
  readonly transport: RiakTransport;
  readonly logger: Logger;
  /** For one operation, retries included. Milliseconds. Default 5,000. */
  readonly timeoutMs?: number | undefined;
  /** Longest encoded value that is sent. Bytes. Default 5,000,000, where Riak itself begins to warn. */
  readonly maxValueBytes?: number | undefined;
}

/** Riak, or a stand-in that speaks its HTTP API, as this project uses it. */
export interface RiakClient {
  readonly counters: RiakCounters;

  /** @throws {RiakError} `bad-request` for an empty name. */
  bucket<T>(options: BucketOptions<T>): Bucket<T>;

  /**
   * Sets those properties of a bucket of the default type that are not as wanted. May be called by every process at
   * every start: where nothing differs, nothing is written. @throws {RiakError}
   */
  applyBucketProperties(bucket: string, properties: BucketProperties): Promise<void>;

  /**
   * What is not as wanted, a sentence each; empty when all is well. Wrong properties lose data (without `allow_mult`
   * a stale write silently wins), so a process that gets anything but an empty list is not ready. @throws {RiakError}
   */
  checkBucketProperties(bucket: string, properties: BucketProperties): Promise<string[]>;

  /**
   * Whether anything answers as Riak does. Not whether it can read: a node that starts says OK for seconds before its
   * data is there; `checkBucketProperties` or a read tells that. @throws {RiakError}
   */
  ping(): Promise<void>;

  /** Closes the transport. */
  close(): Promise<void>;
}

export function createRiakClient(options: RiakClientOptions): RiakClient {
  const { transport, logger } = options;
  const timeoutMs = options.timeoutMs ?? 5_000;
  const maxValueBytes = options.maxValueBytes ?? 5_000_000;
  const counters = new RiakCounters();

  async function counted<R>(
    field: "propertiesFailed" | "pingFailed",
    operation: () => Promise<R>,
  ): Promise<R> {
    try {
      return await operation();
    } catch (error) {
      counters[field]++;
      if (error instanceof RiakError) counters.countFailure(error.code);
      throw error;
    }
  }

  return {
    counters,
    bucket: (bucket) => new HttpBucket({ transport, counters, timeoutMs, maxValueBytes }, bucket),
    applyBucketProperties: (bucket, properties) =>
      counted("propertiesFailed", async () => {
        const problems = await differingProperties(transport, bucket, properties, timeoutMs);
        if (problems.length === 0) return;
        await putBucketProperties(transport, bucket, properties, timeoutMs);
        logger.info({ event: "riak.bucket-properties-set", bucket, properties });
      }),
    checkBucketProperties: (bucket, properties) =>
      counted("propertiesFailed", () => differingProperties(transport, bucket, properties, timeoutMs)),
    ping: () =>
      counted("pingFailed", async () => {
        const headers = { accept: "*/*" };
        const response = await transport.send({
          method: "GET",
          path: "/ping",
          headers,
          body: undefined,
          timeoutMs,
        });
        throwFault(response, false);
        if (response.status !== 200) {
          throw new RiakError("unavailable", `ping answered ${response.status}`, { status: response.status });
        }
      }),
    close: () => transport.close(),
  };
}
