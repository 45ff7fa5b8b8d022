import { adminSettings } from "@rollcall/admin";
import { connectionSettings } from "@rollcall/connection";
import { presenceSettings } from "@rollcall/presence";
import { rosterSettings } from "@rollcall/roster";
import { embeddedStoreSettings, processSettings } from "@rollcall/runtime";

/** Every setting of a server, in the order in which `rollcall config` shows them. */
export const catalogue = {
  ...processSettings,
  ...embeddedStoreSettings,
  ...connectionSettings,
  ...rosterSettings,
  ...presenceSettings,
  ...adminSettings,
} as const;

export type Catalogue = typeof catalogue;
