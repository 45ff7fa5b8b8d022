import { JetStreamApiError, jetstreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";

export interface BucketReplicas {
  readonly bucket: string;
  /** Servers that are to have it. */
  readonly replicas: number;
  /** Servers that have it and are up to date. */
  readonly current: number;
}

/**
 * On how many servers buckets are; those that do not exist are left out.
 * @throws whatever JetStream says; asking again is safe.
 */
export async function bucketReplicas(
  connection: NatsConnection,
  buckets: readonly string[],
  timeoutMs: number,
): Promise<BucketReplicas[]> {
  const manager = await jetstreamManager(connection, { timeout: timeoutMs, checkAPI: false });
  const found = await Promise.all(
    buckets.map(async (bucket): Promise<BucketReplicas[]> => {
      try {
        // A KV bucket is a stream of this name (NATS ADR-8).
        const { config, cluster } = await manager.streams.info(`KV_${bucket}`);
        const followers = cluster?.replicas ?? [];
        const current = 1 + followers.filter((peer) => peer.current && peer.offline !== true).length;
        return [{ bucket, replicas: config.num_replicas, current }];
      } catch (error) {
        if (error instanceof JetStreamApiError && error.code === STREAM_NOT_FOUND) return [];
        throw error;
      }
    }),
  );
  return found.flat();
}

const STREAM_NOT_FOUND = 10_059;
