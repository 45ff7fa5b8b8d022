import { adminSettings } from "@rollcall/admin";
import { connectionSettings } from "@rollcall/connection";
import { presenceSettings } from "@rollcall/presence";
import { rosterSettings } from "@rollcall/roster";
import { embeddedStoreSettings, processSettings, type SettingValues } from "@rollcall/runtime";

/** Every setting of the all-in-one server: those of its services, and those of its embedded store. */
export const allInOneSettings = {
  ...processSettings,
  ...embeddedStoreSettings,
  ...connectionSettings,
  ...rosterSettings,
  ...presenceSettings,
  ...adminSettings,
} as const;

export type AllInOneSettings = SettingValues<typeof allInOneSettings>;

/** What holds where nothing is set. */
export function defaultSettings(): AllInOneSettings {
  return Object.fromEntries(
    Object.entries(allInOneSettings).map(([name, declared]) => [name, declared.default]),
  ) as AllInOneSettings;
}
