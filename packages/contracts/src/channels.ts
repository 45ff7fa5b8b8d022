/**
 * Every message of the system. Nothing travels that is not listed here.
 *
 * Layers keep owners from waiting for each other in a circle: a handler may wait only for messages of a lower layer.
 *
 *   0  node-deliveries              waits for nothing
 *   1  deliver, fan-out             wait for 0 and for stores
 *   2  presence-commands            wait for 0, 1 and for roster-view (a read outside every queue)
 *   3  inbound-subscriptions        wait for 0-2 and the roster store
 *   4  roster-commands              wait for 0-3 and the roster store
 *
 * What has to go to the same or a higher layer (an automatic `subscribed`) is handed over without waiting.
 */
import type { BareJid } from "@rollcall/xmpp";
import type { DeliverStanza, NodeDeliveries, PresenceFanOut } from "./delivery.ts";
import type { AccountEffects, InboundSubscription, RosterCommand, RosterView } from "./roster-messages.ts";
import type {
  BindAnswer,
  BindResource,
  KnownSessionsAnswer,
  KnownSessionsQuestion,
  SessionCommand,
  SessionReport,
  SessionReportQuestion,
} from "./session.ts";

/** Which process gets a message: the owner of the partition of a bare JID, or one connection node by its id. */
export type Address = "roster-owner" | "presence-owner" | "node";

/**
 * `serial`: the next message of a key starts when the one before is finished.
 * `start`: messages of a key start in order; the handler does what depends on order before its first `await`.
 */
export type Order = "serial" | "start";

/** A one-way message. `P` never holds functions, Dates or class instances: it must survive encoding. */
export interface Channel<P> {
  readonly name: string;
  readonly address: Address;
  readonly order: Order;
  /** Never set; carries the type. */
  readonly payload?: P;
}

/** A one-way message to the owners of many keys. Starts in order, per key, with the `Channel`s of the same address. */
export interface MulticastChannel<P> {
  readonly name: string;
  readonly address: "presence-owner";
  readonly payload?: P;
}

/** A question that waits for an answer. */
export interface QuestionChannel<Q, A> {
  readonly name: string;
  readonly address: Address;
  readonly question?: Q;
  readonly answer?: A;
}

export type PresenceCommand = SessionCommand | AccountEffects;

export interface RosterViewQuestion {
  readonly account: BareJid;
}

/** May `prober` see the presence of the accounts? For accounts whose roster the presence owner does not hold. */
export interface SubscribersQuestion {
  readonly account: BareJid;
  readonly prober: BareJid;
}

/** The contact as the account's roster has it; `exists` says whether there is such an account. */
export interface SubscribersAnswer {
  readonly exists: boolean;
  readonly inRoster: boolean;
  readonly subscription: "none" | "to" | "from" | "both";
}

/** One roster item in the form that Momentum sites know (design, section 6). */
export interface ContactRecord {
  readonly name?: string | undefined;
  readonly groups?: readonly string[] | undefined;
  readonly subscription?: "none" | "to" | "from" | "both" | undefined;
  readonly pending_requests?: Readonly<Record<string, unknown>> | undefined;
  readonly ask?: "subscribe" | undefined;
  readonly approved?: boolean | undefined;
}

/** What operators ask of a roster owner. Each is harmless when asked again. */
export type RosterAdminQuestion =
  | { readonly kind: "show" }
  /** Adds or replaces the named contacts; others stay. */
  | { readonly kind: "import"; readonly contacts: Readonly<Record<string, ContactRecord>> }
  /** Reads the object anew, and pushes what differs to interested sessions. */
  | { readonly kind: "refresh" }
  /** Cancels every subscription in both directions, then deletes the roster. */
  | { readonly kind: "remove-account" };

export type RosterAdminAnswer =
  | {
      readonly kind: "roster";
      readonly version: string;
      readonly contacts: Readonly<Record<string, ContactRecord>>;
      /** The commands that the roster has seen last, oldest first. */
      readonly commands?: readonly CommandSummary[] | undefined;
    }
  | {
      readonly kind: "imported";
      readonly added: number;
      readonly changed: number;
      readonly unchanged: number;
    }
  | { readonly kind: "refreshed"; readonly pushed: number }
  | { readonly kind: "removed"; readonly contacts: number }
  | { readonly kind: "refused"; readonly reason: string };

/** A command that a roster has seen: a step of the subscription state machine, `set` or `remove`. */
export interface CommandSummary {
  readonly event: string;
  readonly contact: string;
  /** The contact has what the command owed it. */
  readonly confirmed: boolean;
}

/** What operators ask of a presence owner. */
export type PresenceAdminQuestion =
  | {
      readonly kind: "sessions";
      /** Somebody about whom is asked as well. */
      readonly contact?: BareJid | undefined;
    }
  | { readonly kind: "end-sessions" };

export interface SessionSummary {
  readonly node: string;
  readonly resource: string;
  readonly available: boolean;
  readonly interested: boolean;
  readonly priority: number;
  /** As its last available presence says; absent for plain online. */
  readonly show?: "away" | "chat" | "dnd" | "xa" | undefined;
  /** When that presence came, in milliseconds since the epoch. */
  readonly presenceAt?: number | undefined;
  /** Its stream is gone, or its node is dead; its end is being told. */
  readonly leaving?: boolean | undefined;
  /** The contact of the question has directed presence of it. */
  readonly directed?: boolean | undefined;
}

export interface PresenceAdminAnswer {
  readonly sessions: readonly SessionSummary[];
  /** When the account last went offline, in milliseconds since the epoch, where that is remembered. */
  readonly lastUnavailableAt?: number | undefined;
  /** Whether the owner tells the contact of the question; absent where it holds no roster, as without sessions. */
  readonly tellsContact?: boolean | undefined;
}

export const channels = {
  nodeDeliveries: { name: "node-deliveries", address: "node", order: "start" } as Channel<NodeDeliveries>,
  deliver: { name: "deliver", address: "presence-owner", order: "start" } as Channel<DeliverStanza>,
  fanOut: { name: "fan-out", address: "presence-owner" } as MulticastChannel<PresenceFanOut>,
  /** A new presence owner asks a node for the sessions of its partitions. */
  reportSessions: { name: "report-sessions", address: "node" } as QuestionChannel<
    SessionReportQuestion,
    SessionReport
  >,
  bind: { name: "bind", address: "presence-owner" } as QuestionChannel<BindResource, BindAnswer>,
  /** A node that may have been taken for dead asks which of its sessions still count. The key is any account of the partition. */
  knownSessions: { name: "known-sessions", address: "presence-owner" } as QuestionChannel<
    KnownSessionsQuestion,
    KnownSessionsAnswer
  >,
  presenceCommands: {
    name: "presence-commands",
    address: "presence-owner",
    order: "serial",
  } as Channel<PresenceCommand>,
  rosterCommands: {
    name: "roster-commands",
    address: "roster-owner",
    order: "serial",
  } as Channel<RosterCommand>,
  inboundSubscriptions: {
    name: "inbound-subscriptions",
    address: "roster-owner",
    order: "serial",
  } as Channel<InboundSubscription>,
  rosterView: { name: "roster-view", address: "roster-owner" } as QuestionChannel<
    RosterViewQuestion,
    RosterView
  >,
  subscribers: { name: "subscribers", address: "roster-owner" } as QuestionChannel<
    SubscribersQuestion,
    SubscribersAnswer
  >,
  rosterAdmin: { name: "roster-admin", address: "roster-owner" } as QuestionChannel<
    RosterAdminQuestion,
    RosterAdminAnswer
  >,
  presenceAdmin: { name: "presence-admin", address: "presence-owner" } as QuestionChannel<
    PresenceAdminQuestion,
    PresenceAdminAnswer
  >,
} as const;
