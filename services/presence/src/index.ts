export type { ManifestSession, NodeManifest, PresenceCluster } from "./cluster/presence-cluster.ts";
export { type PresenceSettings, presenceSettings } from "./config.ts";
export type { PresenceCounters } from "./counters.ts";
export { createMemoryOfflineStore } from "./delivery/memory-offline-store.ts";
export type { OfflineMessage, OfflineQuota, OfflineStore } from "./delivery/offline-store.ts";
export {
  createRiakOfflineStore,
  DEFAULT_OFFLINE_BUCKET,
  offlineBucketProperties,
  type RiakOfflineStoreOptions,
} from "./delivery/riak-offline-store.ts";
export { createPresenceService, type PresenceService, type PresenceServiceDeps } from "./service.ts";
