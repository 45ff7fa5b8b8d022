import { rosterOperations, rosterOutcomes } from "../labels.ts";
import { alone, by, counter, gauge, type MetricSpec } from "./spec.ts";

export const rosterMetrics: readonly MetricSpec[] = [
  counter(
    "roster",
    "roster.operations",
    "{operation}",
    "What clients, contacts, presence owners and operators asked of rosters.",
    { operations: alone },
    { operation: rosterOperations, outcome: rosterOutcomes },
  ),
  counter("roster", "roster.answers", "{operation}", "Answers to roster gets, by their form.", {
    ...by("form", { answersFull: "full", answersByPushes: "pushes", answersNotChanged: "not_changed" }),
  }),
  counter("roster", "roster.pushes", "{item}", "Items pushed to the sessions of an account that want them.", {
    itemsPushed: alone,
  }),
  counter(
    "roster",
    "roster.requests_over_limit",
    "{stanza}",
    "Requests to accounts that have too many of them.",
    { requestsOverLimit: alone },
  ),
  counter(
    "roster",
    "roster.unknown_accounts",
    "{operation}",
    "Stanzas and commands for accounts that do not exist.",
    { unknownAccounts: alone },
  ),
  counter("roster", "roster.fenced", "{message}", "Refused, since another process owns the account by now.", {
    fenced: alone,
  }),
  counter("roster", "roster.replays", "{command}", "Commands that came again, after they had been written.", {
    replays: alone,
  }),
  counter("roster", "roster.edits", "{roster}", "Rosters that others changed, told to clients.", {
    edits: alone,
  }),
  counter("roster", "roster.hand_overs", "{stanza}", "Stanzas for rosters of other accounts.", {
    handedOver: alone,
  }),
  counter("roster", "roster.hand_overs_failed", "{stanza}", "Of these: those that were not taken.", {
    handOversFailed: alone,
  }),
  counter(
    "roster",
    "roster.hand_overs_repeated",
    "{stanza}",
    "Stanzas owed from before a crash, sent again.",
    { recovered: alone },
  ),
  gauge(
    "roster",
    "roster.hand_overs_under_way",
    "{stanza}",
    "Stanzas for other rosters that are on their way.",
    {
      handOversUnderWay: alone,
    },
  ),
  counter("roster-store", "roster.store.operations", "{operation}", "Reads and writes of rosters.", {
    ...by("operation", { reads: "read", writes: "write" }),
  }),
  counter("roster-store", "roster.store.cache_hits", "{operation}", "Reads that needed no decoding.", {
    cacheHits: alone,
  }),
  counter("roster-store", "roster.store.merges", "{roster}", "Times that siblings were merged.", {
    merges: alone,
  }),
  counter(
    "roster-store",
    "roster.store.conflicts",
    "{operation}",
    "Writes that met one of somebody else, and were made again on top of it.",
    { conflicts: alone },
  ),
  counter(
    "roster-store",
    "roster.store.adoptions",
    "{roster}",
    "Rosters taken over that were written by hand.",
    {
      adoptions: alone,
    },
  ),
  counter("roster-store", "roster.store.unreadable_siblings", "{sibling}", "Siblings that were no rosters.", {
    unreadableSiblings: alone,
  }),
  counter("roster-store", "roster.store.failures", "{operation}", "Operations that failed.", {
    failures: alone,
  }),
];
