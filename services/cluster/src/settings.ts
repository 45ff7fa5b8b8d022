import { adminSettings } from "@rollcall/admin";
import { connectionSettings } from "@rollcall/connection";
import { natsSettings } from "@rollcall/nats";
import { presenceSettings } from "@rollcall/presence";
import { rosterSettings } from "@rollcall/roster";
import { embeddedStoreSettings, processSettings, type SettingValues } from "@rollcall/runtime";
import { ownershipSettings } from "./ownership-settings.ts";
import { riakSettings } from "./riak-settings.ts";

/** Of every process but the store. */
export const sharedSettings = { ...processSettings, ...natsSettings, ...riakSettings } as const;

export const connectionProcessSettings = { ...sharedSettings, ...connectionSettings } as const;

/** The admin interface is with the rosters. */
export const rosterProcessSettings = {
  ...sharedSettings,
  ...ownershipSettings,
  ...rosterSettings,
  ...adminSettings,
  "offline.messages_per_account": presenceSettings["offline.messages_per_account"],
  "offline.bytes_per_account": presenceSettings["offline.bytes_per_account"],
} as const;

export const presenceProcessSettings = {
  ...sharedSettings,
  ...ownershipSettings,
  ...presenceSettings,
} as const;

export const storeProcessSettings = {
  ...processSettings,
  ...embeddedStoreSettings,
  "roster.bucket": rosterSettings["roster.bucket"],
} as const;

export type ConnectionProcessSettings = SettingValues<typeof connectionProcessSettings>;
export type RosterProcessSettings = SettingValues<typeof rosterProcessSettings>;
export type PresenceProcessSettings = SettingValues<typeof presenceProcessSettings>;
export type StoreProcessSettings = SettingValues<typeof storeProcessSettings>;

/** Every setting of any process, so that all can share one file and one environment. */
export const clusterSettings = {
  ...connectionProcessSettings,
  ...rosterProcessSettings,
  ...presenceProcessSettings,
  ...storeProcessSettings,
} as const;

/** What each kind of process reads. */
export const settingsByProcess = {
  connection: connectionProcessSettings,
  roster: rosterProcessSettings,
  presence: presenceProcessSettings,
  store: storeProcessSettings,
} as const;
