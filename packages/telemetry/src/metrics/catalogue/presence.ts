import { alone, by, counter, gauge, histogram, type MetricSpec } from "./spec.ts";

export const presenceMetrics: readonly MetricSpec[] = [
  gauge("presence", "presence.sessions", "{session}", "Sessions of the accounts of this owner.", {
    sessions: alone,
  }),
  gauge("presence", "presence.available_sessions", "{session}", "Of these the available ones.", {
    availableSessions: alone,
  }),
  gauge("presence", "presence.accounts", "{account}", "Accounts with a session.", { accounts: alone }),
  gauge("presence", "presence.rosters_held", "{roster}", "Rosters in the memory of this owner.", {
    rostersHeld: alone,
  }),
  gauge("presence", "presence.partitions", "{partition}", "Partitions of this owner, by state.", {
    ...by("state", { partitionsServed: "served", partitionsRebuilding: "rebuilding" }),
  }),
  counter("presence", "presence.binds", "{session}", "Requests to bind a resource.", {
    ...by("outcome", { bound: "bound", bindRefused: "refused" }),
  }),
  counter("presence", "presence.sessions_ended", "{session}", "Sessions that have ended.", { ended: alone }),
  counter("presence", "presence.sessions_ended_with_node", "{session}", "Of these: those whose node died.", {
    sessionsEndedWithNode: alone,
  }),
  counter("presence", "presence.nodes_lost", "{node}", "Connection nodes that died, as this owner saw it.", {
    nodesLost: alone,
  }),
  counter("presence", "presence.sessions_rebuilt", "{session}", "Sessions taken over from another owner.", {
    sessionsRebuilt: alone,
  }),
  counter(
    "presence",
    "presence.debts_paid",
    "{session}",
    "Ends told for sessions that only their dead node had noted.",
    {
      debtsPaid: alone,
    },
  ),
  counter("presence", "presence.broadcasts", "{broadcast}", "Changes of presence told to subscribers.", {
    broadcasts: alone,
  }),
  counter(
    "presence",
    "presence.broadcasts_failed",
    "{broadcast}",
    "Of these: those that could not be told.",
    { broadcastsFailed: alone },
  ),
  counter(
    "presence",
    "presence.deliveries",
    "{stanza}",
    "Presence of subscriptions, counted for each session.",
    {
      presenceDelivered: alone,
    },
  ),
  counter(
    "presence",
    "presence.deliveries_coalesced",
    "{stanza}",
    "Of these: those that joined the same stanza for another session of their node.",
    { deliveriesCoalesced: alone },
  ),
  histogram(
    "presence",
    "presence.fan_out.recipients",
    "{account}",
    "Accounts that one change of presence was told to.",
    { fanOutRecipients: alone },
  ),
  counter("presence", "presence.directed", "{stanza}", "Directed presence.", { directedPresence: alone }),
  counter("presence", "presence.probes", "{probe}", "Probes for accounts of this owner.", {
    ...by("outcome", {
      probesAnswered: "answered",
      probesRefused: "refused",
      probesUnanswered: "unanswered",
    }),
  }),
  counter("presence", "presence.stanzas", "{stanza}", "Messages, iqs and directed presence for accounts.", {
    ...by("outcome", {
      delivered: "delivered",
      ignored: "ignored",
      misrouted: "misrouted",
      bounced: "bounced",
      answeredForAccount: "answered_for_account",
    }),
  }),
  counter(
    "presence",
    "presence.stanzas_held_back",
    "{stanza}",
    "Stanzas that waited for what their account was doing.",
    { heldBack: alone },
  ),
  counter(
    "presence",
    "offline.messages",
    "{message}",
    "Messages for accounts that nobody was there to take.",
    {
      ...by("outcome", {
        offlineStored: "stored",
        offlineRefused: "refused",
        offlineDelivered: "delivered",
        offlineFailed: "failed",
      }),
    },
  ),
  counter("presence", "presence.roster_effects", "{effect}", "What roster owners had to tell sessions.", {
    effects: alone,
  }),
  counter(
    "presence",
    "presence.roster_changes_skipped",
    "{change}",
    "Changes of rosters that were known already.",
    {
      effectsSkipped: alone,
    },
  ),
  counter("presence", "presence.roster_questions", "{question}", "Rosters asked for.", {
    rosterQuestions: alone,
  }),
  counter(
    "presence",
    "presence.roster_questions_failed",
    "{question}",
    "Of these: those that were not answered.",
    { rosterQuestionsFailed: alone },
  ),
  counter("presence", "presence.node_messages", "{message}", "Messages for connection nodes.", {
    nodeMessages: alone,
  }),
  counter("presence", "presence.node_messages_failed", "{message}", "Of these: those that were lost.", {
    nodeFailures: alone,
  }),
  counter("presence", "presence.node_items", "{item}", "Deliveries for sessions, in these messages.", {
    nodeItems: alone,
  }),
  counter("presence", "presence.node_items_dropped", "{item}", "Deliveries that were lost.", {
    nodeItemsDropped: alone,
  }),
  gauge(
    "presence",
    "presence.node_items_waiting",
    "{item}",
    "Deliveries that no connection node has taken yet.",
    { nodeItemsWaiting: alone },
  ),
  histogram(
    "presence",
    "presence.node_message.duration",
    "s",
    "From the first delivery for a node to the word of the node that it has it.",
    { nodeMessageSeconds: alone },
  ),
  counter("presence", "presence.not_handed_over", "{message}", "Messages for other owners that were lost.", {
    handedOverFailed: alone,
  }),
  counter(
    "presence",
    "presence.fenced",
    "{message}",
    "Refused, since another process owns the account by now.",
    {
      fenced: alone,
    },
  ),
];
