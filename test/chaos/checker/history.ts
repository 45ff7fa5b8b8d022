/** What a run leaves for the checker: everything that every client did and saw, in the order of one clock. */

/** Names a stanza: the session that sent it, and the how-manieth of that session it was. */
export interface Marker {
  readonly session: number;
  readonly sequence: number;
}

export interface RosterItem {
  /** Bare JID. */
  readonly contact: string;
  readonly name: string | undefined;
  readonly subscription: string;
  readonly asks: boolean;
}

export type SubscriptionType = "subscribe" | "subscribed" | "unsubscribe" | "unsubscribed";

export type SentStanza =
  /** `to` is a bare or full JID. */
  | { readonly what: "message"; readonly to: string }
  /** A request to a full JID; whoever gets it answers. */
  | { readonly what: "iq"; readonly to: string }
  /** Without `to`, to everybody who is subscribed. */
  | { readonly what: "available" | "unavailable"; readonly to?: string }
  | { readonly what: "subscription"; readonly type: SubscriptionType; readonly to: string }
  /** A roster set of a name; `undefined` removes the contact. */
  | { readonly what: "roster-set"; readonly contact: string; readonly name: string | undefined };

export type ReceivedStanza =
  | { readonly what: "message" | "iq"; readonly from: string; readonly marker: Marker }
  /** What a server says in a client's name carries no marker. */
  | { readonly what: "available" | "unavailable"; readonly from: string; readonly marker?: Marker }
  | {
      readonly what: "subscription";
      readonly type: SubscriptionType;
      readonly from: string;
      readonly marker?: Marker;
    }
  | { readonly what: "push"; readonly version: string; readonly item: RosterItem };

/** A client has a stream with a bound resource. `session` is new for every stream. */
export interface Bound {
  readonly kind: "bound";
  readonly at: number;
  readonly session: number;
  /** Full JID. */
  readonly jid: string;
  readonly node: string;
}

/** `graceful` and `abrupt` are the client's doing, `cut` is not. */
export interface Ended {
  readonly kind: "ended";
  readonly at: number;
  readonly session: number;
  readonly how: "graceful" | "abrupt" | "cut";
  readonly why?: string;
}

export interface Sent {
  readonly kind: "sent";
  readonly at: number;
  readonly session: number;
  readonly sequence: number;
  readonly stanza: SentStanza;
}

/** An answer to what was sent: of every iq, and an error for a message. */
export interface Answered {
  readonly kind: "answered";
  readonly at: number;
  readonly session: number;
  readonly sequence: number;
  readonly outcome: "result" | "error";
  readonly condition?: string;
}

export interface Received {
  readonly kind: "received";
  readonly at: number;
  readonly session: number;
  readonly stanza: ReceivedStanza;
}

export interface Fault {
  readonly kind: "fault";
  readonly at: number;
  /** As the verbs of a cluster are called: `killNode`, `freeze`, `stopNats`, … */
  readonly verb: string;
  /** The process it was done to. */
  readonly target?: string;
  /** When it was over; the same as `at` for what happens in a moment. */
  readonly until: number;
}

/** Two accounts that are subscribed to each other before the first session. */
export interface Friends {
  readonly kind: "friends";
  readonly at: number;
  readonly accounts: readonly [string, string];
}

/** Read at the end, when nothing moved any more. */
export interface FinalRoster {
  readonly kind: "roster";
  readonly at: number;
  readonly account: string;
  readonly items: readonly RosterItem[];
  /** Bare JIDs whose request to subscribe waits for an answer. */
  readonly requests: readonly string[];
}

export type HistoryEvent = Bound | Ended | Sent | Answered | Received | Fault | Friends | FinalRoster;

export type FindingKind =
  | "lost"
  | "doubled"
  | "reordered"
  | "stale"
  | "ghost"
  | "missing"
  | "flicker"
  | "disagreement"
  | "late";

export interface Finding {
  readonly kind: FindingKind;
  readonly at: number;
  /** A sentence for the one who looks for the cause. */
  readonly text: string;
  /** Accounts and sessions whose events tell more. */
  readonly accounts: readonly string[];
}

/** How long something may take before it counts as late or lost, in ms. */
export interface Bounds {
  /** A stanza still on its way this long after it was sent will not come any more. */
  readonly deliveryMs: number;
  /** From the death of a node to the `unavailable` of its sessions. */
  readonly nodeDeathMs: number;
  /** From a request to its answer, while nothing is frozen or away. */
  readonly operationMs: number;
  /** An operation without an answer has happened by then, or never will. */
  readonly uncertainMs: number;
}

export const defaultBounds: Bounds = {
  deliveryMs: 30_000,
  nodeDeathMs: 10_000,
  operationMs: 30_000,
  uncertainMs: 60_000,
};
