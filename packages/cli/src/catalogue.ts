import { allInOneSettings } from "@rollcall/all-in-one";
import { clusterSettings } from "@rollcall/cluster";

/** Every setting of a server, of one process or of several, in the order in which `rollcall config` shows them. */
export const catalogue = { ...allInOneSettings, ...clusterSettings } as const;

export type Catalogue = typeof catalogue;
