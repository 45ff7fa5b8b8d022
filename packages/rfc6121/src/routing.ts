/**
 * Where a stanza goes (RFC 6121, section 8), as data: one row per class of stanza, one cell per situation.
 *
 * The cells hold our choice where the RFC leaves one. All of them follow one idea: a stranger sees no difference
 * between an account that does not exist, one that is offline and one that hides (8.1; RFC 6120, 10.2).
 */
import type { Stanza } from "@rollcall/xmpp";
import { presenceTypeOf } from "./presence-type.ts";

/** Kind and type of a stanza, as far as delivery tells them apart. */
export type StanzaClass =
  | "message normal"
  | "message chat"
  | "message groupchat"
  | "message headline"
  | "message error"
  | "presence available"
  | "presence unavailable"
  | "presence subscribe"
  | "presence subscribed"
  | "presence unsubscribe"
  | "presence unsubscribed"
  | "presence probe"
  | "presence error"
  | "iq request"
  | "iq response";

/** Whom a `to` names, seen from the server that the sender is connected to. */
export type Addressee = "nobody" | "remote-domain" | "own-domain" | "own-domain-resource" | "local-account";

/** What to do with a stanza before any account comes into it (8.2 to 8.5). */
export type AddresseeDecision =
  /** As if it were addressed to the sender's bare JID. */
  | "as-to-own-account"
  /** Presence for everybody who may see it (section 4). */
  | "broadcast"
  /** The server itself is meant: it handles the stanza or returns an error. */
  | "handle-as-server"
  | "route-to-domain"
  /** The rows of `accountRouting` say what happens. */
  | "route-to-account";

/** Sections 8.2 to 8.4. The answer to a result or an error is never an error. */
export const addresseeRouting: Readonly<
  Record<Addressee, Readonly<Record<Stanza["kind"], AddresseeDecision>>>
> = {
  nobody: { message: "as-to-own-account", presence: "broadcast", iq: "as-to-own-account" },
  "remote-domain": { message: "route-to-domain", presence: "route-to-domain", iq: "route-to-domain" },
  "own-domain": { message: "handle-as-server", presence: "handle-as-server", iq: "handle-as-server" },
  "own-domain-resource": {
    message: "handle-as-server",
    presence: "handle-as-server",
    iq: "handle-as-server",
  },
  "local-account": { message: "route-to-account", presence: "route-to-account", iq: "route-to-account" },
};

/** The resources of an existing account. Resources that are connected but not available count as none. */
export type ResourceSituation = "none" | "negative" | "one" | "several";

/** What the owner of the addressed account does with a stanza. */
export type RoutingDecision =
  /** To the resource that the full JID names. */
  | "deliver"
  /** To that resource if the sender may see its presence, else `service-unavailable` (C-24). */
  | "deliver-if-visible"
  /** To exactly one non-negative resource: highest priority, then latest presence (C-01). */
  | "deliver-to-most-available"
  /** To every resource with non-negative priority. */
  | "deliver-to-non-negative"
  /** To every available resource, whatever its priority. */
  | "deliver-to-available"
  /** Kept until the account takes messages again; over quota `service-unavailable` (C-04). */
  | "store-offline"
  | "ignore"
  /** `service-unavailable`, for everybody. */
  | "bounce"
  /** `service-unavailable` to those who learn nothing by it (8.1), silence for others (C-03). */
  | "bounce-if-known"
  /** The server answers in the name of the account (8.5.2.1.3). */
  | "answer-for-account"
  /** Section 4.3. */
  | "answer-probe"
  /** Section 3 and Appendix A: not a matter of delivery. */
  | "change-subscription";

export interface RoutingRow {
  /** There is no such account (8.5.1). */
  readonly noAccount: { readonly bare: RoutingDecision; readonly full: RoutingDecision };
  /** To the bare JID (8.5.2). */
  readonly bare: Readonly<Record<ResourceSituation, RoutingDecision>>;
  /** To a full JID that a connected or available resource has, of any priority (8.5.3.1). */
  readonly fullMatch: RoutingDecision;
  /** To a full JID that no resource has (8.5.3.2). */
  readonly fullNoMatch: Readonly<Record<ResourceSituation, RoutingDecision>>;
}

type Cells = Readonly<Record<ResourceSituation, RoutingDecision>>;

function cells(
  none: RoutingDecision,
  negative: RoutingDecision,
  one: RoutingDecision,
  several: RoutingDecision,
): Cells {
  return { none, negative, one, several };
}

function always(decision: RoutingDecision): Cells {
  return cells(decision, decision, decision, decision);
}

function everywhere(decision: RoutingDecision): RoutingRow {
  return {
    noAccount: { bare: decision, full: decision },
    bare: always(decision),
    fullMatch: decision,
    fullNoMatch: always(decision),
  };
}

/** Section 8.5, every class against every situation. A missing cell does not compile. */
export const accountRouting: Readonly<Record<StanzaClass, RoutingRow>> = {
  "message normal": {
    noAccount: { bare: "ignore", full: "ignore" },
    bare: cells("store-offline", "store-offline", "deliver-to-non-negative", "deliver-to-non-negative"),
    fullMatch: "deliver",
    fullNoMatch: always("bounce-if-known"),
  },
  "message chat": {
    noAccount: { bare: "ignore", full: "ignore" },
    bare: cells("store-offline", "store-offline", "deliver-to-most-available", "deliver-to-most-available"),
    fullMatch: "deliver",
    fullNoMatch: cells(
      "store-offline",
      "store-offline",
      "deliver-to-most-available",
      "deliver-to-most-available",
    ),
  },
  "message groupchat": {
    noAccount: { bare: "bounce", full: "ignore" },
    bare: always("bounce"),
    fullMatch: "deliver",
    fullNoMatch: always("bounce-if-known"),
  },
  "message headline": {
    noAccount: { bare: "ignore", full: "ignore" },
    bare: cells("ignore", "ignore", "deliver-to-non-negative", "deliver-to-non-negative"),
    fullMatch: "deliver",
    fullNoMatch: always("bounce-if-known"),
  },
  "message error": {
    noAccount: { bare: "ignore", full: "ignore" },
    bare: always("ignore"),
    fullMatch: "deliver",
    fullNoMatch: always("ignore"),
  },
  "presence available": {
    noAccount: { bare: "ignore", full: "ignore" },
    bare: cells("ignore", "deliver-to-available", "deliver-to-available", "deliver-to-available"),
    fullMatch: "deliver",
    fullNoMatch: always("ignore"),
  },
  "presence unavailable": {
    noAccount: { bare: "ignore", full: "ignore" },
    bare: cells("ignore", "deliver-to-available", "deliver-to-available", "deliver-to-available"),
    fullMatch: "deliver",
    fullNoMatch: always("ignore"),
  },
  // The roster owner knows whether there is an account and ignores the stanza if not. `subscribed`, `unsubscribe` and
  // `unsubscribed` to a full JID that nobody has are ignored by the letter of 8.5.3.2.2; but the sender's server makes
  // every subscription stanza bare (3.1.2), so a full `to` never gets that far.
  "presence subscribe": everywhere("change-subscription"),
  "presence subscribed": { ...everywhere("change-subscription"), fullNoMatch: always("ignore") },
  "presence unsubscribe": { ...everywhere("change-subscription"), fullNoMatch: always("ignore") },
  "presence unsubscribed": { ...everywhere("change-subscription"), fullNoMatch: always("ignore") },
  "presence probe": everywhere("answer-probe"),
  // No rule in the RFC (C-22). Errors for subscription stanzas come back to the bare JID and must reach the user.
  "presence error": {
    noAccount: { bare: "ignore", full: "ignore" },
    bare: cells("ignore", "deliver-to-available", "deliver-to-available", "deliver-to-available"),
    fullMatch: "deliver",
    fullNoMatch: always("ignore"),
  },
  "iq request": {
    noAccount: { bare: "bounce", full: "bounce" },
    bare: always("answer-for-account"),
    fullMatch: "deliver-if-visible",
    fullNoMatch: always("bounce"),
  },
  "iq response": {
    noAccount: { bare: "ignore", full: "ignore" },
    bare: always("ignore"),
    fullMatch: "deliver",
    fullNoMatch: always("ignore"),
  },
};

/**
 * The class of a stanza. A message of unknown type is normal (5.2.2); presence or an iq of unknown type has no class
 * and is answered with `bad-request` (4.7.1; RFC 6120, 8.2.3).
 */
export function stanzaClassOf(stanza: Stanza): StanzaClass | undefined {
  switch (stanza.kind) {
    case "message":
      return messageClassOf(stanza.type);
    case "presence":
      return presenceClassOf(stanza.type);
    case "iq":
      return iqClassOf(stanza.type);
  }
}

function messageClassOf(type: string | undefined): StanzaClass {
  switch (type) {
    case "chat":
      return "message chat";
    case "groupchat":
      return "message groupchat";
    case "headline":
      return "message headline";
    case "error":
      return "message error";
    default:
      return "message normal";
  }
}

function presenceClassOf(type: string | undefined): StanzaClass | undefined {
  const known = presenceTypeOf(type);
  return known === undefined ? undefined : presenceClasses[known];
}

const presenceClasses = {
  available: "presence available",
  unavailable: "presence unavailable",
  subscribe: "presence subscribe",
  subscribed: "presence subscribed",
  unsubscribe: "presence unsubscribe",
  unsubscribed: "presence unsubscribed",
  probe: "presence probe",
  error: "presence error",
} as const satisfies Record<string, StanzaClass>;

function iqClassOf(type: string | undefined): StanzaClass | undefined {
  switch (type) {
    case "get":
    case "set":
      return "iq request";
    case "result":
    case "error":
      return "iq response";
    default:
      return undefined;
  }
}

/** Whether an error may go back for a stanza of this class (RFC 6120, 8.3.1). Presence is never bounced here. */
export function mayBeAnswered(stanzaClass: StanzaClass): boolean {
  return stanzaClass !== "message error" && stanzaClass !== "presence error" && stanzaClass !== "iq response";
}

/** The situation of an account by how many of its available resources have a non-negative priority. */
export function resourceSituation(available: number, nonNegative: number): ResourceSituation {
  if (available === 0) return "none";
  if (nonNegative === 0) return "negative";
  return nonNegative === 1 ? "one" : "several";
}

/** What the account at hand knows about the sender of a stanza. */
export interface SenderStanding {
  /** The same account. */
  readonly own: boolean;
  /** A visible item of the roster. */
  readonly inRoster: boolean;
  /** Subscription from or both: may see the account's presence. */
  readonly subscribed: boolean;
  /** Got directed presence from a resource of the account in this session. */
  readonly directed: boolean;
}

/** `bounce-if-known`: an error tells such a sender nothing that it may not know (8.1). */
export function isKnown(standing: SenderStanding): boolean {
  return standing.own || standing.inRoster || standing.subscribed || standing.directed;
}

/** `deliver-if-visible`, where `directed` means directed presence from the resource addressed (8.5.3.1, C-24). */
export function maySeePresence(standing: SenderStanding): boolean {
  return standing.own || standing.subscribed || standing.directed;
}
