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
  type Ack,
  type Acting,
  type CheckedAnswer,
  checkAnswer,
  type DecodedFrame,
  decodeFrame,
  encodeAck,
  encodeFrame,
  encodeMessage,
  encodeMessageBody,
  FRAME_VERSION,
  type Frame,
  type FrameMessage,
  type Heard,
  type OwnerAddress,
} from "./frame.ts";
export { cutFrame, FramePieces } from "./frame-pieces.ts";
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
export type {
  BindAnswer,
  BindResource,
  CommandId,
  KnownSessionsAnswer,
  KnownSessionsQuestion,
  ReportedSession,
  SessionCommand,
  SessionRef,
  SessionReport,
  SessionReportQuestion,
} from "./session.ts";
export { lastToken, subjects } from "./subjects.ts";
