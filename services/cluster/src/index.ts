export {
  type AppliedBucket,
  type ApplyBucketsOptions,
  applyBuckets,
  BucketsError,
  type BucketsErrorCode,
} from "./apply-buckets.ts";
export { createConnectionProcess } from "./connection-process.ts";
export {
  type LocalCluster,
  type LocalClusterOptions,
  type LocalProcess,
  type LocalProcessKind,
  type PortPurpose,
  planLocalCluster,
  usualPort,
} from "./local/plan-local-cluster.ts";
export { runLocalCluster } from "./local/run-local-cluster.ts";
export { createPresenceProcess } from "./presence-process.ts";
export type { ClusterProcess, ProcessOptions } from "./process-parts.ts";
export { createRosterProcess } from "./roster-process.ts";
export { type ProcessKind, type RunProcessOptions, runProcess } from "./run-process.ts";
export { clusterSettings, settingsByProcess } from "./settings.ts";
export { createStoreProcess } from "./store-process.ts";
