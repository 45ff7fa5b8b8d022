/**
 * What each channel's payload must look like when it comes from outside the process.
 * Types are declared beside their meaning; `satisfies` keeps schema and type together.
 */
import type { BareJid, Stanza } from "@rollcall/xmpp";
import { z } from "zod";
import type {
  ContactRecord,
  PresenceAdminAnswer,
  PresenceAdminQuestion,
  PresenceCommand,
  RosterAdminAnswer,
  RosterAdminQuestion,
  RosterViewQuestion,
  SubscribersAnswer,
  SubscribersQuestion,
} from "./channels.ts";
import type { DeliverStanza, NodeDeliveries, NodeDelivery, PresenceFanOut } from "./delivery.ts";
import type {
  AccountEffect,
  AccountEffects,
  ContactView,
  InboundSubscription,
  RosterCommand,
  RosterView,
} from "./roster-messages.ts";
import type {
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

const text = z.string();
const optionalText = z.string().optional() as unknown as z.ZodType<string | undefined>;
const bare = z.string() as unknown as z.ZodType<BareJid>;
const count = z.number().int().nonnegative();

const stanza = z.object({
  kind: z.enum(["message", "presence", "iq"]),
  type: optionalText,
  to: optionalText,
  from: optionalText,
  id: optionalText,
  lang: optionalText,
  extraAttributes: text,
  payload: text,
  childName: optionalText,
  childNamespace: optionalText,
  childCount: count,
}) as unknown as z.ZodType<Stanza>;

const optionalStanza = stanza.optional() as unknown as z.ZodType<Stanza | undefined>;

const session = z.object({ node: text, session: count }) satisfies z.ZodType<SessionRef>;
const optionalSession = session.optional() as unknown as z.ZodType<SessionRef | undefined>;
const commandId = z.object({ origin: text, session: count, sequence: count }) satisfies z.ZodType<CommandId>;
const subscription = z.enum(["none", "to", "from", "both"]);

export const bindResource = z.object({
  account: bare,
  session,
  requested: optionalText,
  generated: text,
  at: z.number(),
}) as unknown as z.ZodType<BindResource>;

export const bindAnswer = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("bound"), resource: text }),
  z.object({
    kind: z.literal("refused"),
    condition: z.enum(["resource-constraint", "conflict", "not-allowed"]),
  }),
]) satisfies z.ZodType<BindAnswer>;

export const sessionReportQuestion = z.object({
  owner: text,
  partitions: z.array(z.object({ partition: count, epoch: count })),
  after: count,
}) satisfies z.ZodType<SessionReportQuestion>;

const reportedSession = z.object({
  session: count,
  jid: text,
  boundAt: z.number(),
  interested: z.boolean(),
  presence: optionalStanza,
  presenceAt: z.number(),
  becomesAvailable: z.boolean().optional(),
  directed: z.array(text),
}) as unknown as z.ZodType<ReportedSession>;

export const sessionReport = z.object({
  sessions: z.array(reportedSession),
  more: z.boolean(),
}) satisfies z.ZodType<SessionReport>;

export const knownSessionsQuestion = z.object({
  node: text,
  sessions: z.array(count),
}) satisfies z.ZodType<KnownSessionsQuestion>;

export const knownSessionsAnswer = z.object({
  unknown: z.array(count),
}) satisfies z.ZodType<KnownSessionsAnswer>;

const sessionCommands = [
  z.object({ kind: z.literal("broadcast-presence"), session, stanza, at: z.number() }),
  z.object({ kind: z.literal("direct-presence"), session, stanza, at: z.number() }),
  z.object({ kind: z.literal("end-session"), session, at: z.number() }),
] as const;

export const sessionCommand = z.discriminatedUnion(
  "kind",
  sessionCommands,
) satisfies z.ZodType<SessionCommand>;

const contactView = z.object({
  contact: bare,
  subscription,
  inRoster: z.boolean(),
}) satisfies z.ZodType<ContactView>;

const accountEffect = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("answer-session"), session, stanza, interestedFrom: optionalText }),
  z.object({
    kind: z.literal("push-item"),
    item: text,
    version: text,
    only: optionalSession,
    again: z.literal(true).optional(),
  }),
  z.object({ kind: z.literal("deliver-to-interested"), stanza }),
  z.object({ kind: z.literal("deliver-to-available"), stanza }),
  z.object({ kind: z.literal("contact-changed"), view: contactView, pendingRequest: optionalStanza }),
  z.object({ kind: z.literal("send-presence-to-contact"), contact: bare }),
  z.object({ kind: z.literal("send-unavailable-to-contact"), contact: bare }),
  z.object({ kind: z.literal("account-removed") }),
]) as unknown as z.ZodType<AccountEffect>;

const accountEffects = z.object({
  kind: z.literal("account-effects"),
  id: commandId,
  revision: count,
  effects: z.array(accountEffect),
  at: z.number(),
}) satisfies z.ZodType<AccountEffects>;

export const presenceCommand = z.discriminatedUnion("kind", [
  ...sessionCommands,
  accountEffects,
]) as unknown as z.ZodType<PresenceCommand>;

export const rosterCommand = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("roster-iq"), id: commandId, session, stanza, at: z.number() }),
  z.object({ kind: z.literal("outbound-subscription"), id: commandId, session, stanza, at: z.number() }),
]) satisfies z.ZodType<RosterCommand>;

export const inboundSubscription = z.object({
  id: commandId,
  stanza,
  at: z.number(),
}) satisfies z.ZodType<InboundSubscription>;

export const rosterViewQuestion = z.object({ account: bare }) satisfies z.ZodType<RosterViewQuestion>;

export const rosterView = z.object({
  revision: count,
  contacts: z.array(contactView),
  pendingRequests: z.array(stanza),
  exists: z.boolean(),
}) satisfies z.ZodType<RosterView>;

export const subscribersQuestion = z.object({
  account: bare,
  prober: bare,
}) satisfies z.ZodType<SubscribersQuestion>;

export const subscribersAnswer = z.object({
  exists: z.boolean(),
  inRoster: z.boolean(),
  subscription,
}) satisfies z.ZodType<SubscribersAnswer>;

export const deliverStanza = z.object({
  stanza,
  failedSession: optionalSession,
  at: z.number(),
  repetitionId: optionalText,
}) as unknown as z.ZodType<DeliverStanza>;

export const presenceFanOut = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("presence"), stanza, repetitionId: optionalText }),
  z.object({
    kind: z.literal("probe"),
    prober: bare,
    replyTo: optionalSession,
    replyAddress: text,
    id: optionalText,
  }),
]) as unknown as z.ZodType<PresenceFanOut>;

const nodeDelivery = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("write"), session: count, xml: text, id: optionalText, trace: optionalText }),
  z.object({
    kind: z.literal("fan-out"),
    id: optionalText,
    availableId: optionalText,
    before: text,
    after: text,
    to: z.array(text),
    sessions: z.array(count),
    trace: optionalText,
  }),
  z.object({ kind: z.literal("close"), session: count, condition: text, text: optionalText }),
]) as unknown as z.ZodType<NodeDelivery>;

export const nodeDeliveries = z.object({ items: z.array(nodeDelivery) }) satisfies z.ZodType<NodeDeliveries>;

const contactRecord = z.looseObject({
  name: z.string().optional(),
  groups: z.array(text).optional(),
  subscription: subscription.optional(),
  pending_requests: z.record(text, z.unknown()).optional(),
  ask: z.literal("subscribe").optional(),
  approved: z.boolean().optional(),
}) satisfies z.ZodType<ContactRecord>;

export const rosterAdminQuestion = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("show") }),
  z.object({ kind: z.literal("import"), contacts: z.record(text, contactRecord) }),
  z.object({ kind: z.literal("refresh") }),
  z.object({ kind: z.literal("remove-account") }),
]) satisfies z.ZodType<RosterAdminQuestion>;

export const rosterAdminAnswer = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("roster"),
    version: text,
    contacts: z.record(text, contactRecord),
    commands: z.array(z.object({ event: text, contact: text, confirmed: z.boolean() })).optional(),
  }),
  z.object({ kind: z.literal("imported"), added: count, changed: count, unchanged: count }),
  z.object({ kind: z.literal("refreshed"), pushed: count }),
  z.object({ kind: z.literal("removed"), contacts: count }),
  z.object({ kind: z.literal("refused"), reason: text }),
]) satisfies z.ZodType<RosterAdminAnswer>;

export const presenceAdminQuestion = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("sessions"), contact: bare.optional() }),
  z.object({ kind: z.literal("end-sessions") }),
]) satisfies z.ZodType<PresenceAdminQuestion>;

export const presenceAdminAnswer = z.object({
  sessions: z.array(
    z.object({
      node: text,
      resource: text,
      available: z.boolean(),
      interested: z.boolean(),
      priority: z.number(),
      show: z.enum(["away", "chat", "dnd", "xa"]).optional(),
      presenceAt: z.number().optional(),
      leaving: z.boolean().optional(),
      directed: z.boolean().optional(),
    }),
  ),
  lastUnavailableAt: z.number().optional(),
  tellsContact: z.boolean().optional(),
}) satisfies z.ZodType<PresenceAdminAnswer>;
