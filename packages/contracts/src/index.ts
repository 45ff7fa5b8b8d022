export {
  type Address,
  type Channel,
  type CommandSummary,
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
export type { ControlQuestion } from "./control/control-question.ts";
export { MAX_FOR_MS } from "./control/control-question.ts";
export {
  CONTROL_VERSION,
  type ControlAsk,
  type ControlProcess,
  type ControlReply,
  decodeControlAsk,
  decodeControlReply,
  encodeControlAsk,
  encodeControlReply,
} from "./control/envelope.ts";
export type { ControlLogLevel, LogLevelAnswer, LogLevelQuestion } from "./control/log-level.ts";
export {
  type ControlAnswerOf,
  type ControlKind,
  type ControlQuestionOf,
  controlQuestions,
  isControlKind,
} from "./control/questions.ts";
export type { ProcessStatus, StatusQuestion } from "./control/status.ts";
export type { TraceAnswer, TraceQuestion } from "./control/trace.ts";
export type { DeliverStanza, NodeDeliveries, NodeDelivery, PresenceFanOut } from "./delivery.ts";
export type {
  Check,
  ClusterStatus,
  Finding,
  PartitionsRow,
  ProcessRow,
  Severity,
  WhoAnswer,
  WhyAnswer,
  WhyReason,
} from "./diagnosis.ts";
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
