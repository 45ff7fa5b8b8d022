export { type RosterSettings, rosterSettings } from "./config.ts";
export type { RosterCounters } from "./counters.ts";
export { createRosterService, type RosterService, type RosterServiceDeps } from "./service.ts";
export { createMemoryRosterStore } from "./store/memory-roster-store.ts";
export {
  createRiakRosterStore,
  DEFAULT_ROSTER_BUCKET,
  type RiakRosterStoreOptions,
  RosterStoreCounters,
  rosterBucketProperties,
} from "./store/riak-roster-store.ts";
export type { Committed, Decision, RosterStore, StoredRoster } from "./store/roster-store.ts";
