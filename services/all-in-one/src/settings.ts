import { adminSettings } from "@rollcall/admin";
import { connectionSettings } from "@rollcall/connection";
import { settings as presenceSettings } from "@rollcall/presence";
import { rosterSettings } from "@rollcall/roster";
import { processSettings, type SettingValues, setting } from "@rollcall/runtime";

/** Every setting of the all-in-one server: those of its services, and those of its embedded store. */
export const allInOneSettings = {
  ...processSettings,
  "listen.riak": setting.listen({
    default: { host: "127.0.0.1", port: 8098 },
    doc: "Address for Riak's HTTP API of the embedded store; it asks for no password.",
  }),
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
