export {
  isDirectedTo,
  type PresenceAudience,
  type PresenceResource,
  type PresenceStep,
  planAvailable,
  planUnavailable,
} from "./presence-plan.ts";
export { type PresenceType, presenceTypeOf } from "./presence-type.ts";
export {
  type Addressee,
  type AddresseeDecision,
  accountRouting,
  addresseeRouting,
  isKnown,
  mayBeAnswered,
  maySeePresence,
  type ResourceSituation,
  type RoutingDecision,
  type RoutingRow,
  resourceSituation,
  type SenderStanding,
  type StanzaClass,
  stanzaClassOf,
} from "./routing.ts";
export {
  hasPendingIn,
  hasPendingOut,
  noSubscription,
  type SubscriptionValue,
  subscriptionState,
  subscriptionValue,
  transition,
} from "./subscription.ts";
export {
  preApprovedTable,
  type Removal,
  removalTable,
  type Subscription,
  type SubscriptionEffect,
  type SubscriptionEvent,
  type SubscriptionStanzaType,
  type SubscriptionState,
  subscriptionTable,
  type Transition,
  type TransitionTable,
} from "./subscription-table.ts";
