export {
  type Address,
  type Channel,
  type ContactRecord,
  channels,
  type MulticastChannel,
  type Order,
  type PresenceAdminAnswer,
  type PresenceAdminQuestion,
  type PresenceCommand,
  type QuestionChannel,
  type RosterAdminAnswer,
  type RosterAdminQuestion,
  type RosterViewQuestion,
  type SessionSummary,
  type SubscribersAnswer,
  type SubscribersQuestion,
} from "./channels.ts";
export type { DeliverStanza, NodeDeliveries, NodeDelivery, PresenceFanOut } from "./delivery.ts";
export {
  type Decoded,
  type DecodedAnswer,
  decodeAnswer,
  decodeEnvelope,
  ENVELOPE_VERSION,
  type Envelope,
  encodeAnswer,
  encodeEnvelope,
} from "./envelope.ts";
export { PARTITIONS, partitionOf } from "./partition.ts";
export type {
  AccountEffect,
  AccountEffects,
  ContactView,
  InboundSubscription,
  RosterCommand,
  RosterView,
  SubscriptionValue,
} from "./roster-messages.ts";
export type { BindAnswer, BindResource, CommandId, SessionCommand, SessionRef } from "./session.ts";
export { subjects } from "./subjects.ts";
