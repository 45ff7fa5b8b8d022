/**
 * Every metric, with the counters that it is made of.
 *
 * Owners of numbers count with `field++`; here stands what the fields are called outside. A counter without an entry
 * fails the tests of the processes, and an entry without a counter as well. Names follow OpenTelemetry: Prometheus shows
 * `rollcall.stream.logins` as `rollcall_stream_logins_total`.
 */

export type MetricAttributes = Readonly<Record<string, string>>;

export interface MetricSpec {
  readonly name: string;
  /** `counter`: only grows while the process lives. `gauge`: how it is now. */
  readonly kind: "counter" | "gauge";
  /** UCUM, as OpenTelemetry has it: `{session}` is a count of sessions, `By` bytes, `s` seconds. */
  readonly unit: string;
  readonly help: string;
  /** By area of the `CounterRegistry` and field: the attributes that tell the fields of one metric apart. */
  readonly from: Readonly<Record<string, Readonly<Record<string, MetricAttributes>>>>;
}

type Fields = Readonly<Record<string, MetricAttributes>>;

function counter(area: string, name: string, unit: string, help: string, fields: Fields): MetricSpec {
  return { name: `rollcall.${name}`, kind: "counter", unit, help, from: { [area]: fields } };
}

function gauge(area: string, name: string, unit: string, help: string, fields: Fields): MetricSpec {
  return { name: `rollcall.${name}`, kind: "gauge", unit, help, from: { [area]: fields } };
}

/** Fields that are told apart by one attribute. */
function by(attribute: string, values: Readonly<Record<string, string>>): Fields {
  const fields: Record<string, MetricAttributes> = {};
  for (const [field, value] of Object.entries(values)) fields[field] = { [attribute]: value };
  return fields;
}

const alone: MetricAttributes = {};

const connection: readonly MetricSpec[] = [
  gauge("connection", "connections", "{connection}", "Client connections that are open.", {
    connections: alone,
  }),
  gauge("connection", "connection.sessions", "{session}", "Sessions with a bound resource on this node.", {
    sessions: alone,
  }),
  gauge(
    "connection",
    "connection.ends_unconfirmed",
    "{session}",
    "Sessions that have ended here, which no owner has confirmed yet.",
    { endsUnconfirmed: alone },
  ),
  counter("connection", "connection.accepts", "{connection}", "Connections, by what became of them.", {
    ...by("outcome", { connectionsAccepted: "accepted", connectionsTurnedAway: "turned_away" }),
  }),
  counter("connection", "stream.opened", "{stream}", "Streams that were opened.", { streamsOpened: alone }),
  counter("connection", "stream.closed", "{stream}", "Streams that have ended.", { streamsClosed: alone }),
  counter("connection", "stream.errors", "{stream}", "Streams that this server ended with a stream error.", {
    streamErrors: alone,
  }),
  counter("connection", "stream.faults", "{stream}", "Faults of this server that ended a stream.", {
    streamFaults: alone,
  }),
  counter(
    "connection",
    "stream.clients_lost",
    "{stream}",
    "Clients that did not read, or did not answer a ping.",
    {
      ...by("cause", { clientsNotReading: "not_reading", clientsTimedOut: "timed_out" }),
    },
  ),
  counter("connection", "stream.logins", "{login}", "Sessions that were bound.", { logins: alone }),
  counter("connection", "stream.authentication_failures", "{attempt}", "Failed SASL exchanges.", {
    authenticationFailures: alone,
  }),
  counter("connection", "stream.tls_handshakes", "{handshake}", "TLS handshakes that were completed.", {
    tlsHandshakes: alone,
  }),
  counter("connection", "uplink.stanzas", "{stanza}", "Stanzas of clients.", {
    ...by("outcome", { stanzasIn: "accepted", stanzasRefused: "refused" }),
  }),
  counter(
    "connection",
    "uplink.answers",
    "{stanza}",
    "Of the accepted ones: answered in the name of the server.",
    { stanzasAnswered: alone },
  ),
  counter("connection", "uplink.bounces", "{stanza}", "Of the accepted ones: not taken by their owner.", {
    stanzasBounced: alone,
  }),
  counter("connection", "downlink.stanzas", "{stanza}", "Stanzas for clients, by what became of them.", {
    ...by("outcome", {
      stanzasOut: "written",
      stanzasReturned: "returned",
      stanzasDropped: "dropped",
      stanzasRepeated: "repeated",
      itemsFenced: "fenced",
    }),
  }),
  counter("connection", "xmpp_log.records", "{record}", "Records of the XMPP log, by what became of them.", {
    ...by("outcome", { xmppLogWritten: "written", xmppLogDropped: "dropped" }),
  }),
  counter("connection", "connection.sweeps", "{sweep}", "Looks at the clock for all streams; one a second.", {
    sweeps: alone,
  }),
];

const presence: readonly MetricSpec[] = [
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

const roster: readonly MetricSpec[] = [
  counter("roster", "roster.operations", "{operation}", "What clients and operators asked of rosters.", {
    ...by("operation", {
      gets: "get",
      sets: "set",
      removals: "remove",
      outboundSubscriptions: "outbound_subscription",
      inboundSubscriptions: "inbound_subscription",
      views: "view",
      subscriberQuestions: "subscribers",
      adminQuestions: "admin",
    }),
  }),
  counter("roster", "roster.gets_by_version", "{operation}", "Of the gets: those that had to send no item.", {
    getsUpToDate: alone,
  }),
  counter("roster", "roster.refusals", "{operation}", "Operations that were refused.", { refusals: alone }),
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
  counter("roster", "roster.store_failures", "{operation}", "Operations that the store failed.", {
    storeFailures: alone,
  }),
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

const infrastructure: readonly MetricSpec[] = [
  counter("bus", "bus.frames", "{frame}", "Frames between processes.", {
    ...by("direction", { framesOut: "out", framesIn: "in" }),
  }),
  counter("bus", "bus.frames_malformed", "{frame}", "Frames that could not be read.", {
    framesMalformed: alone,
  }),
  counter("bus", "bus.bounces", "{frame}", "Frames that found nobody.", { bounces: alone }),
  counter("bus", "bus.sent", "{character}", "UTF-16 units of all frames that went out.", { unitsOut: alone }),
  counter("riak", "riak.operations", "{operation}", "Operations of the store, by outcome.", {
    getFound: { operation: "get", outcome: "found" },
    getMissing: { operation: "get", outcome: "missing" },
    getUnchanged: { operation: "get", outcome: "unchanged" },
    getSiblings: { operation: "get", outcome: "siblings" },
    getFailed: { operation: "get", outcome: "failed" },
    putStored: { operation: "put", outcome: "stored" },
    putSiblings: { operation: "put", outcome: "siblings" },
    putFailed: { operation: "put", outcome: "failed" },
    deleteDeleted: { operation: "delete", outcome: "deleted" },
    deleteMissing: { operation: "delete", outcome: "missing" },
    deleteFailed: { operation: "delete", outcome: "failed" },
    keysListed: { operation: "list_keys", outcome: "listed" },
    keysFailed: { operation: "list_keys", outcome: "failed" },
    propertiesFailed: { operation: "set_properties", outcome: "failed" },
    pingFailed: { operation: "ping", outcome: "failed" },
  }),
  counter("riak", "riak.writes_unknown", "{operation}", "Failed writes that may have been performed.", {
    putUnknown: alone,
  }),
  counter("riak", "riak.failures", "{operation}", "Failed operations, by cause.", {
    ...by("cause", {
      failedUnavailable: "unavailable",
      failedTimeout: "timeout",
      failedOverloaded: "overloaded",
      failedBadRequest: "bad_request",
      failedBadValue: "bad_value",
      failedTooLarge: "too_large",
      failedBadResponse: "bad_response",
      failedServerError: "server_error",
      failedClosed: "closed",
    }),
  }),
  counter("riak-transport", "riak.requests", "{request}", "Requests to hosts of the store.", {
    requests: alone,
  }),
  counter("riak-transport", "riak.retries", "{request}", "Of these: repetitions.", { retries: alone }),
  counter("riak-transport", "riak.requests_refused", "{request}", "Requests that were not made.", {
    ...by("cause", { retriesRefused: "retry_budget", overloaded: "queues_full", noHost: "no_host" }),
  }),
  counter("admin", "admin.requests", "{request}", "Requests to the admin interface.", { requests: alone }),
  counter("admin", "admin.requests_unauthorised", "{request}", "Of these: those without the token.", {
    unauthorisedRequests: alone,
  }),
  counter("admin", "admin.account_changes", "{account}", "What operators did with accounts.", {
    ...by("change", {
      usersCreated: "created",
      usersRemoved: "removed",
      passwordsChanged: "password_changed",
    }),
  }),
  counter("admin", "admin.import_lines", "{line}", "Lines of imports.", {
    ...by("outcome", { importedLines: "imported", badLines: "bad" }),
  }),
];

/** Names of OpenTelemetry's conventions where they have one. */
const wholeProcess: readonly MetricSpec[] = [
  ...(["p50", "p99", "max"] as const).map(
    (which): MetricSpec => ({
      name: `nodejs.eventloop.delay.${which}`,
      kind: "gauge",
      unit: "s",
      help: `How late timers were since the last reading: ${which}.`,
      from: { process: { [`delay_${which}`]: alone } },
    }),
  ),
  {
    name: "process.memory.usage",
    kind: "gauge",
    unit: "By",
    help: "Resident memory.",
    from: { process: { residentBytes: alone } },
  },
  {
    name: "v8js.memory.heap.used",
    kind: "gauge",
    unit: "By",
    help: "What V8's heap holds.",
    from: { process: { heapUsedBytes: alone } },
  },
  {
    name: "process.cpu.time",
    kind: "counter",
    unit: "s",
    help: "CPU time of all threads.",
    from: { process: by("cpu.mode", { cpuUser: "user", cpuSystem: "system" }) },
  },
  {
    name: "process.uptime",
    kind: "gauge",
    unit: "s",
    help: "Time since the start.",
    from: { process: { uptime: alone } },
  },
  counter("process", "gc.time", "s", "Time that the garbage collector stopped the process for.", {
    ...by("generation", { gcYoung: "young", gcOld: "old" }),
  }),
];

export const metricCatalogue: readonly MetricSpec[] = [
  ...connection,
  ...presence,
  ...roster,
  ...infrastructure,
  ...wholeProcess,
];
