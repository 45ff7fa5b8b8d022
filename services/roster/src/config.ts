import { type processSettings, type SettingValues, setting } from "@rollcall/runtime";

/** Settings of the roster service. */
export const rosterSettings = {
  "roster.bucket": setting.string({
    default: "xmpp",
    doc: "Riak bucket with a JSON object for the roster of each account.",
  }),
  "roster.max_items": setting.integer({
    default: 5_000,
    min: 1,
    max: 50_000,
    doc: "Contacts that one account may have.",
  }),
  "roster.max_groups_per_item": setting.integer({
    default: 50,
    min: 0,
    max: 1_000,
    doc: "Groups that one contact may be in.",
  }),
  "roster.max_name_bytes": setting.integer({
    default: 1_023,
    min: 16,
    max: 65_536,
    unit: "bytes",
    doc: "Longest name of a contact or a group.",
  }),
  "roster.max_pending_requests": setting.integer({
    default: 200,
    min: 1,
    max: 10_000,
    doc: "Subscription requests that one account may have unanswered; more are ignored.",
  }),
  "roster.max_request_length": setting.integer({
    default: 4_096,
    min: 0,
    max: 65_536,
    unit: "characters",
    doc: "Longest content of a stored subscription request; a longer one is stored without it.",
  }),
  "roster.cache_accounts": setting.integer({
    default: 1_000,
    min: 1,
    doc: "Rosters kept in memory; each use asks the store whether they have changed.",
  }),
  "roster.cache_contacts": setting.integer({
    default: 10_000,
    min: 1,
    doc: "Contacts in all rosters kept in memory, at about 1 KB each.",
  }),
  "roster.contact_patience_ms": setting.integer({
    default: 5_000,
    min: 10,
    max: 60_000,
    unit: "ms",
    doc: "How long a subscription stanza waits for the roster of the contact before it goes on without being waited for.",
  }),
  "roster.max_hand_overs": setting.integer({
    default: 10_000,
    min: 100,
    doc: "Automatic replies and late stanzas under way at a time; at the limit inbound ones have to wait.",
  }),
} as const;

type ProcessValues = SettingValues<typeof processSettings>;

/** What the service is configured with: its own settings, and the domains of the process. */
export type RosterSettings = SettingValues<typeof rosterSettings> & Pick<ProcessValues, "domains">;
