export { type Addresses, type AllInOne, type AllInOneOptions, createAllInOne } from "./create-all-in-one.ts";
export { type AllInOneSettings, allInOneSettings, defaultSettings } from "./settings.ts";
