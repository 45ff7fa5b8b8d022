/** What an account's commands and its contacts' stanzas do to a roster, within the limits. Decided here, written elsewhere. */
import { type BareJid, makeStanza, type Stanza } from "@rollcall/xmpp";
import {
  type ContactFacts,
  contactIn,
  countItems,
  isWorthKeeping,
  type Roster,
  type RosterChange,
} from "./roster.ts";
import { hasPendingIn, transition } from "./subscription.ts";
import type { Subscription, SubscriptionEffect, SubscriptionEvent } from "./subscription-table.ts";

/** How much one account may keep. */
export interface RosterLimits {
  readonly maxItems: number;
  readonly maxGroupsPerItem: number;
  /** Of a name, and of a group, in UTF-8. */
  readonly maxNameBytes: number;
  /** Requests that wait for an answer; a flood beyond is ignored (RFC 6121, 3.1.3). */
  readonly maxPendingRequests: number;
  /** Of the extended content of a stored request, in UTF-16 units; a longer one is stored without it. */
  readonly maxRequestLength: number;
}

export interface ItemSet {
  readonly jid: BareJid;
  readonly name: string | undefined;
  readonly groups: readonly string[];
}

/** The account's roster has reached `maxItems`. */
export interface RosterFull {
  readonly kind: "roster-full";
}

const rosterFull: RosterFull = { kind: "roster-full" };

function hasRoom(roster: Roster, contact: ContactFacts, limits: RosterLimits): boolean {
  return contact.inRoster || countItems(roster) < limits.maxItems;
}

/** Adds an item or replaces its name and groups; subscription, approval and a stored request stay (2.3.2, 2.4.2). */
export function decideItemSet(
  roster: Roster,
  item: ItemSet,
  limits: RosterLimits,
): { readonly kind: "set"; readonly change: RosterChange } | RosterFull {
  const before = contactIn(roster, item.jid);
  if (!hasRoom(roster, before, limits)) return rosterFull;
  const { name, groups } = item;
  return {
    kind: "set",
    change: { kind: "put", contact: { ...before, inRoster: true, name, groups }, push: true },
  };
}

/** Removes an item with all that is tracked of the contact (2.5.2). */
export function decideItemRemoval(
  roster: Roster,
  jid: BareJid,
):
  | { readonly kind: "removed"; readonly change: RosterChange; readonly before: Subscription }
  | { readonly kind: "no-such-item" } {
  const contact = roster.contacts.get(jid);
  if (contact === undefined || !contact.inRoster) return { kind: "no-such-item" };
  return { kind: "removed", change: { kind: "remove", jid }, before: contact.subscription };
}

export interface SubscriptionDecision {
  readonly kind: "decided";
  readonly before: Subscription;
  readonly effects: readonly SubscriptionEffect[];
  /** Empty where the roster stays as it is. */
  readonly changes: readonly RosterChange[];
}

/** The account has as many unanswered requests as it may have; this one is as if it had never come. */
export interface TooManyRequests {
  readonly kind: "too-many-requests";
}

function storable(stanza: Stanza, limits: RosterLimits): Stanza {
  if (stanza.payload.length + stanza.extraAttributes.length <= limits.maxRequestLength) return stanza;
  return {
    ...stanza,
    extraAttributes: "",
    payload: "",
    childName: undefined,
    childNamespace: undefined,
    childCount: 0,
  };
}

/**
 * One subscription stanza between the account and a contact, whichever way it travels.
 *
 * @param at when the stanza came, in milliseconds since the epoch; kept with a stored request
 */
export function decideSubscription(
  roster: Roster,
  event: SubscriptionEvent,
  jid: BareJid,
  stanza: Stanza,
  at: number,
  limits: RosterLimits,
): SubscriptionDecision | RosterFull | TooManyRequests {
  const before = contactIn(roster, jid);
  const { next, effects } = transition(before.subscription, event);
  const inRoster = before.inRoster || effects.includes("push-roster-item");
  if (inRoster && !hasRoom(roster, before, limits)) return rosterFull;

  let request = hasPendingIn(next.state) ? before.request : undefined;
  if (event === "in:subscribe" && request === undefined && hasPendingIn(next.state)) {
    let waiting = 0;
    for (const contact of roster.contacts.values()) if (contact.request !== undefined) waiting += 1;
    if (waiting >= limits.maxPendingRequests) return { kind: "too-many-requests" };
    request = { stanza: storable(stanza, limits), at };
  }

  const unchanged =
    inRoster === before.inRoster &&
    next.state === before.subscription.state &&
    next.approved === before.subscription.approved &&
    request === before.request;
  if (unchanged) return { kind: "decided", before: before.subscription, effects, changes: [] };
  const contact: ContactFacts = { ...before, inRoster, subscription: next, request };
  const change: RosterChange = isWorthKeeping(contact)
    ? { kind: "put", contact, push: false }
    : { kind: "remove", jid };
  return { kind: "decided", before: before.subscription, effects, changes: [change] };
}

/** A request of which only the fact is known, for rosters that were written without its stanza. */
export function bareRequest(contact: BareJid, owner: BareJid): Stanza {
  return makeStanza("presence", { type: "subscribe", from: contact, to: owner });
}
