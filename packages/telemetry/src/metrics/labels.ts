/** The values of labels that more than one metric, or the code that counts, has to know. Their number is what bounds the series. */

/** What clients send, by what has to be done for it. `presence` has no `to`; `roster` are iqs that concern a roster. */
export const stanzaKinds = [
  "message",
  "iq",
  "roster",
  "presence",
  "directed_presence",
  "subscription",
] as const;
export type StanzaKind = (typeof stanzaKinds)[number];

/** `starttls`: TLS from within the stream; `direct_tls`: before it (XEP-0368). */
export const transports = ["tcp", "starttls", "direct_tls"] as const;
export type Transport = (typeof transports)[number];

/** The mechanisms of `packages/xmpp`; a test of the connection service compares them. */
export const loginMechanisms = [
  "SCRAM-SHA-256-PLUS",
  "SCRAM-SHA-1-PLUS",
  "SCRAM-SHA-256",
  "SCRAM-SHA-1",
  "PLAIN",
] as const;

/**
 * What became of a SASL exchange. `refused`: a condition that says that the client, or the account, is not as it must be;
 * `throttled`: too many failures from the address; `left`: the connection ended first.
 */
export const loginOutcomes = [
  "success",
  "not_authorized",
  "refused",
  "temporary_failure",
  "aborted",
  "throttled",
  "left",
] as const;
export type LoginOutcome = (typeof loginOutcomes)[number];

/** `total` is from the connection to the bound resource. */
export const loginPhases = ["tls", "sasl", "bind", "total"] as const;
export type LoginPhase = (typeof loginPhases)[number];

/** The channels of `packages/contracts`; a test of the bus compares them. */
export const channelNames = [
  "node-deliveries",
  "deliver",
  "fan-out",
  "report-sessions",
  "bind",
  "known-sessions",
  "presence-commands",
  "roster-commands",
  "inbound-subscriptions",
  "roster-view",
  "subscribers",
  "roster-admin",
  "presence-admin",
] as const;

/** What became of a message at its handler. `fenced`: somebody else is the owner by now. */
export const handlerOutcomes = ["done", "retried", "rejected", "fenced", "failed"] as const;
export type HandlerOutcome = (typeof handlerOutcomes)[number];

/** What clients, contacts, presence owners and operators ask of rosters. */
export const rosterOperations = [
  "get",
  "set",
  "remove",
  "outbound_subscription",
  "inbound_subscription",
  "view",
  "subscribers",
  "admin",
] as const;
export type RosterOperation = (typeof rosterOperations)[number];

/** `failed`: a store or the bus did not do its part; what comes again after that counts again. */
export const rosterOutcomes = ["done", "refused", "failed"] as const;
export type RosterOutcome = (typeof rosterOutcomes)[number];

export const processPhases = ["starting", "running", "draining", "stopped"] as const;
