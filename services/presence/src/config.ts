import { type SettingValues, setting } from "@rollcall/runtime";

/** Settings of the presence service. */
export const presenceSettings = {
  "presence.resource_conflict": setting.choice({
    default: "override",
    choices: ["override", "refuse", "replace"],
    doc: "What a client gets that asks for a resource in use: another resource, an error, or the place of the older session.",
  }),
  "presence.resources_per_account": setting.integer({
    default: 20,
    min: 1,
    max: 10_000,
    doc: "Sessions that one account may have at the same time.",
  }),
  "presence.directed_per_session": setting.integer({
    default: 500,
    min: 1,
    max: 100_000,
    doc: "Entities outside the roster that one session may send directed presence to (chat rooms, for instance).",
  }),
  "presence.unauthorised_probe": setting.choice({
    default: "unsubscribed",
    choices: ["unsubscribed", "ignore"],
    doc: "What a client gets that sends a probe for a contact whose roster does not know the subscription that the user's roster has: the subscription is cancelled, or left. Logging in never cancels one.",
  }),
  "presence.last_unavailable_kept": setting.integer({
    default: 10_000,
    min: 0,
    doc: "Accounts that went offline whose last unavailable presence is kept in memory, for probes and last activity.",
  }),
  "presence.roster_timeout_ms": setting.integer({
    default: 20_000,
    min: 100,
    max: 60_000,
    unit: "ms",
    doc: "How long initial presence waits for the roster of its account before the client gets an error of type wait. More than ownership.lease_ms, after which an owner that stands still is replaced.",
  }),
  "presence.node_death_rate": setting.integer({
    default: 2_000,
    min: 1,
    max: 1_000_000,
    unit: "sessions/s",
    doc: "Sessions whose end is told to their contacts in a second when their connection node died.",
  }),
  "presence.held_per_account": setting.integer({
    default: 1_000,
    min: 1,
    doc: "Stanzas for one account that may wait for a store or a roster before the sender has to wait.",
  }),
  "offline.messages_per_account": setting.integer({
    default: 100,
    min: 0,
    max: 10_000,
    doc: "Messages kept for an account that takes none; 0 switches offline storage off.",
  }),
  "offline.bytes_per_account": setting.integer({
    default: 524_288,
    min: 0,
    max: 4_000_000,
    unit: "bytes",
    doc: "Size of the messages kept for one account.",
  }),
} as const;

export type PresenceSettings = SettingValues<typeof presenceSettings> & {
  /** Domains whose accounts live here. */
  readonly domains: readonly string[];
};
