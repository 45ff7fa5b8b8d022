/**
 * RFC 6121, Appendix A: the subscription state machine as data, seen from the account that owns the roster.
 *
 *                 out:subscribe                       in:subscribed
 *      none ─────────────────────▶ none+pending-out ─────────────────▶ to
 *        │ in:subscribe                                                 │ in:subscribe
 *        ▼                                                              ▼
 *      none+pending-in ──▶ from ──▶ from+pending-out ──▶ both ◀── to+pending-in
 *                out:subscribed                 in:subscribed    out:subscribed
 *
 * Two tables, one for ordinary contacts and one for contacts that the account approved before they asked
 * (section 3.4). Both are total: a missing cell does not compile.
 */

/** The nine states of Appendix A.1. A contact that the roster does not know is in `none`. */
export type SubscriptionState =
  | "none"
  | "none+pending-out"
  | "none+pending-in"
  | "none+pending-out+in"
  | "to"
  | "to+pending-in"
  | "from"
  | "from+pending-out"
  | "both";

export interface Subscription {
  readonly state: SubscriptionState;
  /** The account approved this contact before it asked (section 3.4). Dropped when it is used. */
  readonly approved: boolean;
}

export type SubscriptionStanzaType = "subscribe" | "subscribed" | "unsubscribe" | "unsubscribed";

/** A subscription stanza and the way it travels: `out` from the account to the contact, `in` from the contact. */
export type SubscriptionEvent = `${"out" | "in"}:${SubscriptionStanzaType}`;

/**
 * What a transition obliges the server to do, once the roster is written. The order of a list is the order in
 * which it must show: unavailable before `unsubscribed` (3.2.2), delivery before push (3.1.6, 3.2.3, 3.3.3).
 */
export type SubscriptionEffect =
  /** Unavailable presence of each available resource, to the contact. */
  | "send-unavailable-to-contact"
  /** The stanza goes to the contact's server, or to the contact's roster where that is ours. */
  | "route-to-contact"
  /** The stanza goes to the account's available resources; a request is kept for those that come later (3.1.3). */
  | "deliver-to-available"
  /** The stanza goes to the account's interested resources. */
  | "deliver-to-interested"
  /** The item goes to all interested resources; it is created if there was none. */
  | "push-roster-item"
  /** `subscribed` to the contact for the account, bare JID to bare JID. */
  | "auto-reply-subscribed"
  /** `unsubscribed` to the contact for the account, bare JID to bare JID. */
  | "auto-reply-unsubscribed"
  /** Current presence of each available resource, to the contact. */
  | "send-presence-to-contact";

export interface Transition {
  readonly next: Subscription;
  readonly effects: readonly SubscriptionEffect[];
}

/** Every state against every event. */
export type TransitionTable = Readonly<
  Record<SubscriptionState, Readonly<Record<SubscriptionEvent, Transition>>>
>;

function go(state: SubscriptionState, ...effects: SubscriptionEffect[]): Transition {
  return { next: { state, approved: false }, effects };
}

/** Pre-approves the contact without a word to it (3.4.2, rules 3 and 4). */
function preApprove(state: SubscriptionState): Transition {
  return { next: { state, approved: true }, effects: ["push-roster-item"] };
}

/** Approves a request (3.1.5). */
function approve(state: SubscriptionState): Transition {
  return go(state, "route-to-contact", "push-roster-item", "send-presence-to-contact");
}

/** Ends the contact's subscription (3.2.2, rule 3). */
function cancel(state: SubscriptionState): Transition {
  return go(state, "send-unavailable-to-contact", "route-to-contact", "push-roster-item");
}

/** The contact ends its own subscription (3.3.3). */
function contactLeaves(state: SubscriptionState): Transition {
  return go(
    state,
    "deliver-to-interested",
    "push-roster-item",
    "send-unavailable-to-contact",
    "auto-reply-unsubscribed",
  );
}

/** The contact withdraws its request (A.3.2): nothing visible changes, and it never saw any presence. */
function contactWithdraws(state: SubscriptionState): Transition {
  return go(state, "deliver-to-interested", "auto-reply-unsubscribed");
}

/** Appendix A.2 and A.3 for contacts without pre-approval. */
export const subscriptionTable: TransitionTable = {
  none: {
    "out:subscribe": go("none+pending-out", "route-to-contact", "push-roster-item"),
    "out:subscribed": preApprove("none"),
    "out:unsubscribe": go("none", "route-to-contact"),
    "out:unsubscribed": go("none"),
    "in:subscribe": go("none+pending-in", "deliver-to-available"),
    "in:subscribed": go("none"),
    "in:unsubscribe": go("none"),
    "in:unsubscribed": go("none"),
  },
  "none+pending-out": {
    "out:subscribe": go("none+pending-out", "route-to-contact"),
    "out:subscribed": preApprove("none+pending-out"),
    "out:unsubscribe": go("none", "route-to-contact", "push-roster-item"),
    "out:unsubscribed": go("none+pending-out"),
    "in:subscribe": go("none+pending-out+in", "deliver-to-available"),
    "in:subscribed": go("to", "deliver-to-interested", "push-roster-item"),
    "in:unsubscribe": go("none+pending-out"),
    "in:unsubscribed": go("none", "deliver-to-interested", "push-roster-item"),
  },
  "none+pending-in": {
    "out:subscribe": go("none+pending-out+in", "route-to-contact", "push-roster-item"),
    "out:subscribed": approve("from"),
    "out:unsubscribe": go("none+pending-in", "route-to-contact"),
    "out:unsubscribed": go("none", "route-to-contact"),
    "in:subscribe": go("none+pending-in"),
    "in:subscribed": go("none+pending-in"),
    "in:unsubscribe": contactWithdraws("none"),
    "in:unsubscribed": go("none+pending-in"),
  },
  "none+pending-out+in": {
    "out:subscribe": go("none+pending-out+in", "route-to-contact"),
    "out:subscribed": approve("from+pending-out"),
    "out:unsubscribe": go("none+pending-in", "route-to-contact", "push-roster-item"),
    "out:unsubscribed": go("none+pending-out", "route-to-contact"),
    "in:subscribe": go("none+pending-out+in"),
    "in:subscribed": go("to+pending-in", "deliver-to-interested", "push-roster-item"),
    "in:unsubscribe": contactWithdraws("none+pending-out"),
    "in:unsubscribed": go("none+pending-in", "deliver-to-interested", "push-roster-item"),
  },
  to: {
    "out:subscribe": go("to", "route-to-contact"),
    "out:subscribed": preApprove("to"),
    "out:unsubscribe": go("none", "route-to-contact", "push-roster-item"),
    "out:unsubscribed": go("to"),
    "in:subscribe": go("to+pending-in", "deliver-to-available"),
    "in:subscribed": go("to"),
    "in:unsubscribe": go("to"),
    "in:unsubscribed": go("none", "deliver-to-interested", "push-roster-item"),
  },
  "to+pending-in": {
    "out:subscribe": go("to+pending-in", "route-to-contact"),
    "out:subscribed": approve("both"),
    "out:unsubscribe": go("none+pending-in", "route-to-contact", "push-roster-item"),
    "out:unsubscribed": go("to", "route-to-contact"),
    "in:subscribe": go("to+pending-in"),
    "in:subscribed": go("to+pending-in"),
    "in:unsubscribe": contactWithdraws("to"),
    "in:unsubscribed": go("none+pending-in", "deliver-to-interested", "push-roster-item"),
  },
  from: {
    "out:subscribe": go("from+pending-out", "route-to-contact", "push-roster-item"),
    "out:subscribed": go("from"),
    "out:unsubscribe": go("from", "route-to-contact"),
    "out:unsubscribed": cancel("none"),
    "in:subscribe": go("from", "auto-reply-subscribed", "send-presence-to-contact"),
    "in:subscribed": go("from"),
    "in:unsubscribe": contactLeaves("none"),
    "in:unsubscribed": go("from"),
  },
  "from+pending-out": {
    "out:subscribe": go("from+pending-out", "route-to-contact"),
    "out:subscribed": go("from+pending-out"),
    "out:unsubscribe": go("from", "route-to-contact", "push-roster-item"),
    "out:unsubscribed": cancel("none+pending-out"),
    "in:subscribe": go("from+pending-out", "auto-reply-subscribed", "send-presence-to-contact"),
    "in:subscribed": go("both", "deliver-to-interested", "push-roster-item"),
    "in:unsubscribe": contactLeaves("none+pending-out"),
    "in:unsubscribed": go("from", "deliver-to-interested", "push-roster-item"),
  },
  both: {
    "out:subscribe": go("both", "route-to-contact"),
    "out:subscribed": go("both"),
    "out:unsubscribe": go("from", "route-to-contact", "push-roster-item"),
    "out:unsubscribed": cancel("to"),
    "in:subscribe": go("both", "auto-reply-subscribed", "send-presence-to-contact"),
    "in:subscribed": go("both"),
    "in:unsubscribe": contactLeaves("to"),
    "in:unsubscribed": go("from", "deliver-to-interested", "push-roster-item"),
  },
};

/** The ordinary step of a pre-approved contact: these events leave the flag alone (only the account changes it). */
function flagKept(state: SubscriptionState, event: SubscriptionEvent): Transition {
  const { next, effects } = subscriptionTable[state][event];
  return { next: { state: next.state, approved: true }, effects };
}

type UntouchedByApproval =
  | "out:subscribe"
  | "out:unsubscribe"
  | "in:subscribed"
  | "in:unsubscribe"
  | "in:unsubscribed";

function untouched(state: SubscriptionState): Readonly<Record<UntouchedByApproval, Transition>> {
  return {
    "out:subscribe": flagKept(state, "out:subscribe"),
    "out:unsubscribe": flagKept(state, "out:unsubscribe"),
    "in:subscribed": flagKept(state, "in:subscribed"),
    "in:unsubscribe": flagKept(state, "in:unsubscribe"),
    "in:unsubscribed": flagKept(state, "in:unsubscribed"),
  };
}

function stayApproved(state: SubscriptionState, ...effects: SubscriptionEffect[]): Transition {
  return { next: { state, approved: true }, effects };
}

/** The request meets the approval: the account is not asked, and the approval is used up (3.4.2). */
function approvalUsed(state: SubscriptionState): Transition {
  return go(state, "push-roster-item", "auto-reply-subscribed", "send-presence-to-contact");
}

/**
 * Appendix A with section 3.4 for contacts that are pre-approved.
 *
 * `approved` arises in `none`, `none+pending-out` and `to`. Elsewhere it can only come from rosters written by other
 * programs; those rows hold nevertheless, so that no stored roster is without an answer.
 */
export const preApprovedTable: TransitionTable = {
  none: {
    ...untouched("none"),
    "out:subscribed": stayApproved("none"),
    "out:unsubscribed": go("none", "push-roster-item"),
    "in:subscribe": approvalUsed("from"),
  },
  "none+pending-out": {
    ...untouched("none+pending-out"),
    "out:subscribed": stayApproved("none+pending-out"),
    "out:unsubscribed": go("none+pending-out", "push-roster-item"),
    "in:subscribe": approvalUsed("from+pending-out"),
  },
  "none+pending-in": {
    ...untouched("none+pending-in"),
    "out:subscribed": approve("from"),
    "out:unsubscribed": go("none", "route-to-contact", "push-roster-item"),
    "in:subscribe": approvalUsed("from"),
  },
  "none+pending-out+in": {
    ...untouched("none+pending-out+in"),
    "out:subscribed": approve("from+pending-out"),
    "out:unsubscribed": go("none+pending-out", "route-to-contact", "push-roster-item"),
    "in:subscribe": approvalUsed("from+pending-out"),
  },
  to: {
    ...untouched("to"),
    "out:subscribed": stayApproved("to"),
    "out:unsubscribed": go("to", "push-roster-item"),
    "in:subscribe": approvalUsed("both"),
  },
  "to+pending-in": {
    ...untouched("to+pending-in"),
    "out:subscribed": approve("both"),
    "out:unsubscribed": go("to", "route-to-contact", "push-roster-item"),
    "in:subscribe": approvalUsed("both"),
  },
  from: {
    ...untouched("from"),
    "out:subscribed": stayApproved("from"),
    "out:unsubscribed": cancel("none"),
    "in:subscribe": stayApproved("from", "auto-reply-subscribed", "send-presence-to-contact"),
  },
  "from+pending-out": {
    ...untouched("from+pending-out"),
    "out:subscribed": stayApproved("from+pending-out"),
    "out:unsubscribed": cancel("none+pending-out"),
    "in:subscribe": stayApproved("from+pending-out", "auto-reply-subscribed", "send-presence-to-contact"),
  },
  both: {
    ...untouched("both"),
    "out:subscribed": stayApproved("both"),
    "out:unsubscribed": cancel("to"),
    "in:subscribe": stayApproved("both", "auto-reply-subscribed", "send-presence-to-contact"),
  },
};

/** What removing the item of a contact in some state sends to that contact (2.5.2, 3.2.2). */
export interface Removal {
  /** The contact was subscribed: unavailable of each available resource, before the stanzas. */
  readonly sendUnavailable: boolean;
  /** From the account's bare JID, in this order. */
  readonly stanzas: readonly ("unsubscribe" | "unsubscribed")[];
}

/** Removal of a roster item as a composite: subscriptions end, a request made is withdrawn, one received is denied. */
export const removalTable: Readonly<Record<SubscriptionState, Removal>> = {
  none: { sendUnavailable: false, stanzas: [] },
  "none+pending-out": { sendUnavailable: false, stanzas: ["unsubscribe"] },
  "none+pending-in": { sendUnavailable: false, stanzas: ["unsubscribed"] },
  "none+pending-out+in": { sendUnavailable: false, stanzas: ["unsubscribe", "unsubscribed"] },
  to: { sendUnavailable: false, stanzas: ["unsubscribe"] },
  "to+pending-in": { sendUnavailable: false, stanzas: ["unsubscribe", "unsubscribed"] },
  from: { sendUnavailable: true, stanzas: ["unsubscribed"] },
  "from+pending-out": { sendUnavailable: true, stanzas: ["unsubscribe", "unsubscribed"] },
  both: { sendUnavailable: true, stanzas: ["unsubscribe", "unsubscribed"] },
};
