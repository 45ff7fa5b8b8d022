import { loginMechanisms, loginOutcomes, loginPhases, stanzaKinds, transports } from "../labels.ts";
import { alone, by, counter, gauge, histogram, type MetricSpec } from "./spec.ts";

export const connectionMetrics: readonly MetricSpec[] = [
  gauge("connection", "connections", "{connection}", "Client connections that are open.", {
    connections: alone,
  }),
  gauge(
    "connection",
    "connection.sessions",
    "{session}",
    "Sessions with a bound resource on this node.",
    {
      sessions: alone,
    },
    { domain: "the configured ones", transport: transports },
  ),
  gauge(
    "connection",
    "connection.logins_under_way",
    "{connection}",
    "Connections that have not logged in yet.",
    {
      loginsUnderWay: alone,
    },
  ),
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
  counter(
    "connection",
    "login.attempts",
    "{attempt}",
    "SASL exchanges that were begun and have ended, by what became of them.",
    { loginAttempts: alone },
    { mechanism: loginMechanisms, outcome: loginOutcomes },
  ),
  histogram(
    "connection",
    "login.duration",
    "s",
    "Phases of logins that succeeded; total is from the connection to the bound resource.",
    { loginSeconds: alone },
    { phase: loginPhases },
  ),
  counter("connection", "stream.tls_handshakes", "{handshake}", "TLS handshakes that were completed.", {
    tlsHandshakes: alone,
  }),
  counter(
    "connection",
    "uplink.stanzas",
    "{stanza}",
    "Stanzas of clients.",
    {
      ...by("outcome", { stanzasIn: "accepted", stanzasRefused: "refused" }),
    },
    { kind: stanzaKinds },
  ),
  counter(
    "connection",
    "uplink.answers",
    "{stanza}",
    "Of the accepted ones: answered in the name of the server.",
    { stanzasAnswered: alone },
  ),
  counter(
    "connection",
    "uplink.bounces",
    "{stanza}",
    "Of the accepted ones: not taken by their owner.",
    {
      stanzasBounced: alone,
    },
    { kind: stanzaKinds },
  ),
  histogram(
    "connection",
    "uplink.duration",
    "s",
    "From the arrival of a stanza to the word of its owner that it is done; what bounced is not in it.",
    { uplinkSeconds: alone },
    { kind: stanzaKinds },
  ),
  gauge("connection", "uplink.under_way", "{stanza}", "Stanzas that an owner has, and has not finished.", {
    stanzasUnderWay: alone,
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
  gauge(
    "connection",
    "tls.certificate_expiry_timestamp",
    "s",
    "When the certificate for clients ends, in seconds since 1970.",
    { certificateExpiry: alone },
  ),
];
