/**
 * From what a write decided to the messages that carry it out, in their order (RFC 6121, 2.1.6, 2.5, 3.1 to 3.4). Pure.
 *
 * A plan shows the roster as it is after the write, not as a command wished it: performed again after a crash, it tells
 * clients the present state, which is right whenever they hear it.
 */
import type { AccountEffect, CommandId, SessionRef } from "@rollcall/contracts";
import {
  changesSince,
  contactIn,
  emptyResult,
  itemChangeXml,
  itemXml,
  type Roster,
  removalTable,
  removedItemXml,
  type SubscriptionEffect,
  subscriptionValue,
  transition,
} from "@rollcall/rfc6121";
import type { BareJid, Stanza } from "@rollcall/xmpp";
import { type AppliedCommand, type OwedStanza, owedStanzas } from "../store/command-log.ts";
import type { RosterEdits } from "../store/roster-store.ts";

export type EffectStep =
  /** For the presence owner of the account. */
  | { readonly kind: "account"; readonly effects: readonly AccountEffect[] }
  /** For the roster of the contact. */
  | { readonly kind: "route"; readonly owed: OwedStanza };

export interface EffectPlan {
  readonly owner: BareJid;
  readonly id: CommandId;
  readonly revision: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** Performed before the command counts as done. */
  readonly steps: readonly EffectStep[];
  /** Performed after that, without anybody waiting: automatic replies, which go to the same layer. */
  readonly replies: readonly EffectStep[];
  /** The contact whose presence subscription the plan is about, and whether it has one now. */
  readonly contact: { readonly jid: BareJid; readonly subscribed: boolean } | undefined;
}

export interface PlanContext {
  readonly owner: BareJid;
  readonly id: CommandId;
  /** After the write. */
  readonly roster: Roster;
  readonly at: number;
  /** The command was seen before: some of it, or all, has been told already. */
  readonly again?: boolean | undefined;
}

function contactChanged(roster: Roster, jid: BareJid): AccountEffect {
  const contact = contactIn(roster, jid);
  return {
    kind: "contact-changed",
    view: {
      contact: jid,
      subscription: subscriptionValue(contact.subscription.state),
      inRoster: contact.inRoster,
    },
    pendingRequest: contact.request?.stanza,
  };
}

/** The push that shows the contact as it is. */
function pushItem({ roster, again }: Pick<PlanContext, "roster" | "again">, jid: BareJid): AccountEffect {
  const contact = roster.contacts.get(jid);
  const isItem = contact?.inRoster === true;
  const version = isItem ? contact.version : (roster.removed.get(jid)?.version ?? roster.version);
  const item = isItem ? itemXml(contact) : removedItemXml(jid);
  const push = { kind: "push-item", item, version: String(version), only: undefined } as const;
  return again ? { ...push, again } : push;
}

function planOf(
  context: PlanContext,
  steps: readonly EffectStep[],
  about?: BareJid,
  replies: readonly EffectStep[] = [],
): EffectPlan {
  const { owner, id, at, roster } = context;
  let contact: EffectPlan["contact"];
  if (about !== undefined) {
    const value = subscriptionValue(contactIn(roster, about).subscription.state);
    contact = { jid: about, subscribed: value === "from" || value === "both" };
  }
  return { owner, id, at, revision: roster.revision, steps, replies, contact };
}

function accountStep(effects: readonly AccountEffect[]): EffectStep[] {
  return effects.length === 0 ? [] : [{ kind: "account", effects }];
}

/** One stanza on one session of the account: the answer to an iq, or an error. */
export function planAnswer(context: PlanContext, session: SessionRef, stanza: Stanza): EffectPlan {
  const answer: AccountEffect = { kind: "answer-session", session, stanza, interestedFrom: undefined };
  return planOf(context, accountStep([answer]));
}

/** The answer to a roster get: the complete roster, or an empty result and the changes since `version` (2.6.3). */
export function planRosterAnswer(
  context: PlanContext,
  session: SessionRef,
  get: { readonly iq: Stanza; readonly version: string | undefined; readonly complete: () => Stanza },
): EffectPlan {
  const changes = get.version === undefined ? undefined : changesSince(context.roster, get.version);
  const stanza = changes === undefined ? get.complete() : emptyResult(get.iq);
  const interestedFrom = String(context.roster.version);
  const effects: AccountEffect[] = [{ kind: "answer-session", session, stanza, interestedFrom }];
  for (const change of changes ?? []) {
    effects.push({
      kind: "push-item",
      item: itemChangeXml(change),
      version: String(change.version),
      only: session,
    });
  }
  return planOf(context, accountStep(effects));
}

/** A roster set that added or changed an item (2.3.2, 2.4.2). */
export function planItemSet(context: PlanContext, session: SessionRef, iq: Stanza, jid: BareJid): EffectPlan {
  const { roster } = context;
  return planOf(
    context,
    accountStep([
      { kind: "answer-session", session, stanza: emptyResult(iq), interestedFrom: undefined },
      contactChanged(roster, jid),
      pushItem(context, jid),
    ]),
    jid,
  );
}

/** A roster set that removed an item, with all that it owes the contact (2.5.2), if the contact's roster is ours. */
export function planItemRemoval(
  context: PlanContext,
  session: SessionRef,
  iq: Stanza,
  command: AppliedCommand,
  isLocal: boolean,
): EffectPlan {
  const { contact, before } = command;
  const effects: AccountEffect[] = [
    { kind: "answer-session", session, stanza: emptyResult(iq), interestedFrom: undefined },
    contactChanged(context.roster, contact),
    pushItem(context, contact),
  ];
  if (removalTable[before.state].sendUnavailable)
    effects.push({ kind: "send-unavailable-to-contact", contact });
  const routes = isLocal ? owedStanzas(context.owner, command) : [];
  return planOf(
    context,
    [...accountStep(effects), ...routes.map((owed): EffectStep => ({ kind: "route", owed }))],
    contact,
  );
}

/**
 * A subscription stanza of the account (A.2).
 *
 * @param unrouted what the session is told in place of routing the stanza, where the contact's domain is not ours
 */
export function planOutbound(
  context: PlanContext,
  command: AppliedCommand,
  unrouted: AccountEffect | undefined,
): EffectPlan {
  const { owner, roster } = context;
  const { contact, before, event } = command;
  const isChanged = contactChanged(roster, contact);
  const early: AccountEffect[] = [];
  const late: AccountEffect[] = [];
  const routes: EffectStep[] = [];
  for (const effect of effectsOf(command)) {
    switch (effect) {
      case "send-unavailable-to-contact":
        // No presence after the unavailable: the contact leaves the audience first.
        early.push(isChanged, { kind: "send-unavailable-to-contact", contact });
        break;
      case "route-to-contact":
        if (unrouted === undefined) {
          for (const owed of owedStanzas(owner, command)) routes.push({ kind: "route", owed });
        } else late.push(unrouted);
        break;
      case "push-roster-item":
        late.push(pushItem(context, contact));
        break;
      case "send-presence-to-contact":
        late.push({ kind: "send-presence-to-contact", contact });
        break;
      case "deliver-to-available":
      case "deliver-to-interested":
      case "auto-reply-subscribed":
      case "auto-reply-unsubscribed":
        throw new Error(`${effect} is no effect of ${event} in ${before.state}`);
    }
  }
  if (early.length === 0 && !keepsSubscription(command)) late.unshift(isChanged);
  return planOf(context, [...accountStep(early), ...routes, ...accountStep(late)], contact);
}

/** A subscription stanza of a contact (A.3). */
export function planInbound(
  context: PlanContext,
  command: AppliedCommand,
  stanza: Stanza,
  isLocal: boolean,
): EffectPlan {
  const { owner, roster, again } = context;
  const { contact, before, event } = command;
  const effects: AccountEffect[] = keepsSubscription(command) ? [] : [contactChanged(roster, contact)];
  const replies: EffectStep[] = [];
  const owed = isLocal ? owedStanzas(owner, command) : [];
  for (const effect of effectsOf(command)) {
    switch (effect) {
      case "deliver-to-available":
        // A request that is performed again may have been answered since.
        if (again && contactIn(roster, contact).request === undefined) break;
        effects.push({ kind: effect, stanza });
        break;
      case "deliver-to-interested":
        effects.push({ kind: effect, stanza });
        break;
      case "push-roster-item":
        effects.push(pushItem(context, contact));
        break;
      case "send-unavailable-to-contact":
        effects.push({ kind: "send-unavailable-to-contact", contact });
        break;
      case "auto-reply-subscribed":
      case "auto-reply-unsubscribed":
        for (const one of owed) replies.push({ kind: "route", owed: one });
        break;
      case "send-presence-to-contact":
        // After the `subscribed`, or the contact would not know what to make of it.
        replies.push({ kind: "account", effects: [{ kind: "send-presence-to-contact", contact }] });
        break;
      case "route-to-contact":
        throw new Error(`${effect} is no effect of ${event} in ${before.state}`);
    }
  }
  return planOf(context, accountStep(effects), contact, replies);
}

function effectsOf({ event, before }: AppliedCommand): readonly SubscriptionEffect[] {
  if (event === "set" || event === "remove") return [];
  return transition(before, event).effects;
}

/** Nothing changed; a repeated request is routed all the same. */
function keepsSubscription({ event, before }: AppliedCommand): boolean {
  if (event === "set" || event === "remove") return false;
  const { next } = transition(before, event);
  return next.state === before.state && next.approved === before.approved;
}

/** What others have changed in the roster, for the sessions of the account. */
export function planEdits(
  context: PlanContext,
  { contacts, since, granted = [], revoked = [] }: RosterEdits,
): EffectPlan {
  const { roster } = context;
  const effects = contacts.map((jid) => contactChanged(roster, jid));
  // As for a subscription that is cancelled or approved (3.2.2, 3.1.5).
  for (const contact of revoked) effects.push({ kind: "send-unavailable-to-contact", contact });
  const pushes: { readonly version: number; readonly effect: AccountEffect }[] = [];
  for (const jid of contacts) {
    const version = versionOf(roster, jid);
    if (version > since) pushes.push({ version, effect: pushItem(context, jid) });
  }
  pushes.sort((a, b) => a.version - b.version);
  const presence = granted.map((contact): AccountEffect => ({ kind: "send-presence-to-contact", contact }));
  return planOf(context, accountStep([...effects, ...pushes.map(({ effect }) => effect), ...presence]));
}

/**
 * The edits without the contact that a plan pushes itself: a write of which nobody knew whether it had happened looks
 * like one of somebody else, until its command comes again. `undefined` where nothing is left.
 */
export function editsBeside(edits: RosterEdits, plan: EffectPlan | undefined): RosterEdits | undefined {
  const jid = plan?.contact?.jid;
  if (plan === undefined || jid === undefined || countPushes(plan) === 0) return edits;
  const isOther = (contact: BareJid): boolean => contact !== jid;
  const contacts = edits.contacts.filter(isOther);
  if (contacts.length === 0) return undefined;
  const { granted = [], revoked = [] } = edits;
  return { ...edits, contacts, granted: granted.filter(isOther), revoked: revoked.filter(isOther) };
}

function versionOf(roster: Roster, jid: BareJid): number {
  return roster.contacts.get(jid)?.version ?? roster.removed.get(jid)?.version ?? roster.version;
}

/** How many items a plan pushes to whoever wants them; those that a session gets in answer to its request do not count. */
export function countPushes({ steps }: EffectPlan): number {
  let pushes = 0;
  for (const step of steps) {
    if (step.kind !== "account") continue;
    for (const effect of step.effects)
      if (effect.kind === "push-item" && effect.only === undefined) pushes += 1;
  }
  return pushes;
}

/** Whether a plan pushes anything to anybody. */
export function hasPushes({ steps }: EffectPlan): boolean {
  return steps.some(
    (step) => step.kind === "account" && step.effects.some(({ kind }) => kind === "push-item"),
  );
}
