export type { ConnectionCluster, SessionManifest } from "./cluster/connection-cluster.ts";
export { type ConnectionSettings, connectionSettings } from "./config.ts";
export {
  type ConnectionAddresses,
  type ConnectionCounters,
  type ConnectionService,
  type ConnectionServiceOptions,
  createConnectionService,
} from "./service.ts";
