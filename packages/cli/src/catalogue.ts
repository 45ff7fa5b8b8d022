import { adminSettings } from "@rollcall/admin";
import { processSettings } from "@rollcall/runtime";

/** Every setting of a server, in the order in which `rollcall config` shows them. */
export const catalogue = {
  ...processSettings,
  ...adminSettings,
} as const;

export type Catalogue = typeof catalogue;
