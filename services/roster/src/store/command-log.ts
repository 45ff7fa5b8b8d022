/**
 * The commands that a roster has seen last, kept in the stored roster itself, so that a command that comes again after
 * a crash performs its effects again instead of being decided a second time.
 *
 * The last entry of each session of an origin suffices to recognise its commands, which come in order, one at a time.
 * Earlier ones are kept as long as they owe something: a contact that could not be reached still has to be told.
 */
import type { CommandId } from "@rollcall/contracts";
import {
  removalTable,
  type Subscription,
  type SubscriptionEvent,
  type SubscriptionStanzaType,
  transition,
} from "@rollcall/rfc6121";
import { type BareJid, makeStanza, type Stanza } from "@rollcall/xmpp";

/** What a command did: a step of the subscription state machine, a roster set, or the removal of an item. */
export type AppliedEvent = SubscriptionEvent | "set" | "remove";

export interface AppliedCommand {
  readonly id: CommandId;
  readonly event: AppliedEvent;
  readonly contact: BareJid;
  /** The subscription that the event met; with the event it says which effects follow. */
  readonly before: Subscription;
  /** The stanza that goes to the contact, where it is more than its type and addresses. */
  readonly stanza: Stanza | undefined;
  /** The contact's owner has what the command owes it. */
  readonly confirmed: boolean;
}

/** Oldest first. */
export type CommandLog = readonly AppliedCommand[];

export const maxCommands = 16;

/** A stanza that one account owes another. */
export interface OwedStanza {
  readonly id: CommandId;
  readonly to: BareJid;
  readonly stanza: Stanza;
}

/** The id under which a command's stanza of that type reaches the other account: the same whenever it is sent. */
export function owedId(id: CommandId, type: SubscriptionStanzaType): CommandId {
  return { ...id, origin: `${id.origin}/${type}` };
}

function sameSession(a: CommandId, b: CommandId): boolean {
  return a.session === b.session && a.origin === b.origin;
}

export function sameCommand(a: CommandId, b: CommandId): boolean {
  return a.sequence === b.sequence && sameSession(a, b);
}

/** Names a command of an account, for sets and maps. */
export function commandKey(owner: BareJid, { origin, session, sequence }: CommandId): string {
  return `${owner} ${origin} ${session} ${sequence}`;
}

/**
 * The stanzas that a command owes the contact, in order.
 *
 * The automatic `unsubscribed` of A.3.2 is none of them. The contact has taken its subscription back before it asked
 * for that, so the answer could change one thing only: a request that the contact has made since (docs/adr/0011).
 */
export function owedStanzas(owner: BareJid, command: AppliedCommand): OwedStanza[] {
  const { id, event, contact, before } = command;
  const owe = (type: SubscriptionStanzaType, stanza?: Stanza): OwedStanza => ({
    id: owedId(id, type),
    to: contact,
    stanza: stanza ?? makeStanza("presence", { type, from: owner, to: contact }),
  });
  if (event === "set") return [];
  if (event === "remove") return removalTable[before.state].stanzas.map((type) => owe(type));
  const owed: OwedStanza[] = [];
  for (const effect of transition(before, event).effects) {
    if (effect === "route-to-contact") {
      owed.push(owe(event.slice("out:".length) as SubscriptionStanzaType, command.stanza));
    } else if (effect === "auto-reply-subscribed") owed.push(owe("subscribed"));
  }
  return owed;
}

/**
 * What is known of a command: `undefined` for one that was never seen, `older` for one that a later command of its
 * session has followed, which is therefore long finished.
 */
export function findCommand(log: CommandLog, id: CommandId): AppliedCommand | "older" | undefined {
  const last = log.findLast((command) => sameSession(command.id, id));
  if (last === undefined || last.id.sequence < id.sequence) return undefined;
  return last.id.sequence === id.sequence ? last : "older";
}

/** Leaves out the oldest, those first that owe nothing. */
export function withoutOldest(log: CommandLog): CommandLog {
  const settled = log.findIndex((command) => command.confirmed);
  return log.toSpliced(Math.max(settled, 0), 1);
}

/** Which side of the subscription the stanzas that a command owes are about. */
function owedSides(command: AppliedCommand): Set<"to" | "from"> {
  const sides = new Set<"to" | "from">();
  for (const { stanza } of owedStanzas(command.contact, command)) {
    sides.add(stanza.type === "subscribe" || stanza.type === "unsubscribe" ? "to" : "from");
  }
  return sides;
}

/**
 * Whether all that a command still owes is void: because the contact is going to be told something later, or because
 * it has spoken since. A contact that has unsubscribed must not be told that it is subscribed, nor one that has asked
 * again what was answered automatically before: it would take that for the answer to its latest request.
 */
function isOvertaken(command: AppliedCommand, later: AppliedCommand): boolean {
  if (command.confirmed || command.contact !== later.contact) return false;
  const told = owedSides(later);
  if (later.event === "in:unsubscribe") told.add("from");
  if (later.event === "in:subscribe" && command.event.startsWith("in:")) told.add("from");
  return [...owedSides(command)].every((side) => told.has(side));
}

export function recordCommand(log: CommandLog, command: AppliedCommand): CommandLog {
  const known = log
    .map((one) => (isOvertaken(one, command) ? { ...one, stanza: undefined, confirmed: true } : one))
    .filter((one) => !one.confirmed || !sameSession(one.id, command.id));
  let next: CommandLog = [...known, command];
  while (next.length > maxCommands) next = withoutOldest(next);
  return next;
}

/** The same log where there is nothing to confirm. */
export function confirmCommands(log: CommandLog, ids: readonly CommandId[]): CommandLog {
  const isNews = (command: AppliedCommand): boolean =>
    !command.confirmed && ids.some((id) => sameCommand(id, command.id));
  if (ids.length === 0 || !log.some(isNews)) return log;
  return log.map((command) =>
    isNews(command) ? { ...command, stanza: undefined, confirmed: true } : command,
  );
}

function compareIds(a: CommandId, b: CommandId): number {
  return (
    (a.origin < b.origin ? -1 : a.origin > b.origin ? 1 : 0) ||
    a.session - b.session ||
    a.sequence - b.sequence
  );
}

/** A log that knows a later command of the session, and not this one, has settled it. */
function isSettledIn(log: CommandLog, { id }: AppliedCommand): boolean {
  const ofSession = log.filter((known) => sameSession(known.id, id));
  return (
    ofSession.some((known) => known.id.sequence > id.sequence) &&
    !ofSession.some((known) => sameCommand(known.id, id))
  );
}

/** The logs of several versions of a roster as one; their order does not matter. */
export function mergeLogs(logs: readonly CommandLog[]): CommandLog {
  const [first = [], ...others] = logs;
  if (others.length === 0) return first;
  const merged: AppliedCommand[] = [];
  for (const command of logs.flat()) {
    if (logs.some((log) => isSettledIn(log, command))) continue;
    const place = merged.findIndex((known) => sameCommand(known.id, command.id));
    if (place < 0) merged.push(command);
    else if (command.confirmed) merged[place] = command;
  }
  let log: CommandLog = merged.sort((a, b) => compareIds(a.id, b.id));
  while (log.length > maxCommands) log = withoutOldest(log);
  return log;
}
