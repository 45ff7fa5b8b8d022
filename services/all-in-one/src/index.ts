export { type Addresses, type AllInOne, type AllInOneOptions, createAllInOne } from "./create-all-in-one.ts";
export { createEmbeddedStore, type EmbeddedStore, type EmbeddedStoreOptions } from "./embedded-store.ts";
export { type AllInOneSettings, allInOneSettings, defaultSettings } from "./settings.ts";
export { startFailure } from "./start-failure.ts";
