export { type BucketReplicas, bucketReplicas } from "./bucket-replicas.ts";
export { createHeartbeat, type Heartbeat, type HeartbeatOptions } from "./heartbeat.ts";
export {
  createManifestReader,
  type ManifestReader,
  type ManifestReaderOptions,
} from "./manifest/manifest-reader.ts";
export type { ManifestSession } from "./manifest/manifest-records.ts";
export {
  createManifestWriter,
  type ManifestWriter,
  type ManifestWriterOptions,
} from "./manifest/manifest-writer.ts";
export { createNatsOwnerMap, type NatsOwnerMap, type NatsOwnerMapOptions } from "./nats-owner-map.ts";
export {
  createNatsOwnership,
  type NatsOwnership,
  type NatsOwnershipOptions,
  type OwnershipCounters,
} from "./nats-ownership.ts";
export { createNodeWatch, type NodeWatch, type NodeWatchOptions } from "./node-watch.ts";
export {
  isSuperseded,
  type Owner,
  type OwnerMap,
  type Ownership,
  type OwnershipListener,
} from "./ownership.ts";
export { createPreparedOwnership, type Preparation, type PreparedOwnership } from "./prepared-ownership.ts";
export { createSoleOwnership } from "./sole-ownership.ts";
