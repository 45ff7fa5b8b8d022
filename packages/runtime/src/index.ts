export { type Clock, systemClock } from "./clock.ts";
export type { Service } from "./service.ts";
export { type ListenAddress, type Setting, type Settings, type SettingValues, setting } from "./settings.ts";
