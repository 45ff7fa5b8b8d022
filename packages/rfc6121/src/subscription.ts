import {
  preApprovedTable,
  type Subscription,
  type SubscriptionEvent,
  type SubscriptionState,
  subscriptionTable,
  type Transition,
} from "./subscription-table.ts";

/** The `subscription` attribute of a roster item (RFC 6121, 2.1.2.5). */
export type SubscriptionValue = "none" | "to" | "from" | "both";

/** A contact that nothing is known of. */
export const noSubscription: Subscription = { state: "none", approved: false };

/**
 * Takes one step of the subscription state machine (RFC 6121, Appendix A.2 and A.3).
 *
 * Total and pure. An event that changes nothing returns an equal subscription, with whatever effects still apply
 * (a repeated request is still routed, for instance).
 *
 * @example
 * transition({ state: "none", approved: false }, "out:subscribe")
 * // next: none+pending-out, effects: route-to-contact, push-roster-item
 */
export function transition(subscription: Subscription, event: SubscriptionEvent): Transition {
  return (subscription.approved ? preApprovedTable : subscriptionTable)[subscription.state][event];
}

interface Facets {
  readonly value: SubscriptionValue;
  /** The account asked and was not answered yet; shown as `ask="subscribe"`. */
  readonly pendingOut: boolean;
  /** The contact asked and was not answered yet; not shown. */
  readonly pendingIn: boolean;
}

const facets: Readonly<Record<SubscriptionState, Facets>> = {
  none: { value: "none", pendingOut: false, pendingIn: false },
  "none+pending-out": { value: "none", pendingOut: true, pendingIn: false },
  "none+pending-in": { value: "none", pendingOut: false, pendingIn: true },
  "none+pending-out+in": { value: "none", pendingOut: true, pendingIn: true },
  to: { value: "to", pendingOut: false, pendingIn: false },
  "to+pending-in": { value: "to", pendingOut: false, pendingIn: true },
  from: { value: "from", pendingOut: false, pendingIn: false },
  "from+pending-out": { value: "from", pendingOut: true, pendingIn: false },
  both: { value: "both", pendingOut: false, pendingIn: false },
};

export function subscriptionValue(state: SubscriptionState): SubscriptionValue {
  return facets[state].value;
}

export function hasPendingOut(state: SubscriptionState): boolean {
  return facets[state].pendingOut;
}

export function hasPendingIn(state: SubscriptionState): boolean {
  return facets[state].pendingIn;
}

/**
 * The state with these facets. A pending request that the value already answers (`ask` beside `to`, a stored
 * request beside `from`) does not count: only the nine states exist.
 */
export function subscriptionState(
  value: SubscriptionValue,
  pendingOut: boolean,
  pendingIn: boolean,
): SubscriptionState {
  switch (value) {
    case "both":
      return "both";
    case "to":
      return pendingIn ? "to+pending-in" : "to";
    case "from":
      return pendingOut ? "from+pending-out" : "from";
    case "none":
      if (pendingOut) return pendingIn ? "none+pending-out+in" : "none+pending-out";
      return pendingIn ? "none+pending-in" : "none";
  }
}
