/**
 * Who gets what when the presence of a resource changes (RFC 6121, 4.2 to 4.6).
 *
 * A plan is a list of steps in the order in which they have to be performed. It names resources by whatever the caller
 * uses for them (`R`), and says nothing of nodes, owners or time.
 */
import { type BareJid, bareOf } from "@rollcall/xmpp";

/** A resource as the plan sees it. */
export interface PresenceResource {
  /** In a presence session, and its stream is not known to be gone. */
  readonly available: boolean;
  /** Is told of the presence of others: available, or known to be about to be. */
  readonly getsPresence: boolean;
  /** Has sent initial presence and owes unavailable presence; true as well where the stream is gone. */
  readonly inPresenceSession: boolean;
  readonly priority: number;
  /** Bare or full JIDs that got directed presence in this session (4.6.1). */
  readonly directed: Iterable<string>;
}

/** The part of the account's roster that decides who may see it and whom it watches. */
export interface PresenceAudience {
  /** Contacts with subscription from or both. */
  readonly subscribers: readonly BareJid[];
  /** Contacts with subscription to or both. */
  readonly watched: readonly BareJid[];
}

export type PresenceStep<R> =
  /** Own presence comes back to the sender first, then to the other resources; `to` is their full JID (C-09). */
  | { readonly kind: "reflect"; readonly to: readonly R[] }
  /** The stanza goes from the full JID to these contacts. */
  | { readonly kind: "broadcast"; readonly to: readonly BareJid[] }
  /** The new resource gets the presence of these others, with the time it was received (C-15, C-26). */
  | { readonly kind: "introduce"; readonly others: readonly R[] }
  /** These contacts are asked for their presence, on behalf of the new resource. */
  | { readonly kind: "probe"; readonly to: readonly BareJid[] }
  /** Every pending inbound request is shown to the new resource (C-30). */
  | { readonly kind: "replay-requests" }
  /** What was stored while nobody took messages goes to this resource (XEP-0160). */
  | { readonly kind: "deliver-offline" }
  /** Entities outside the roster that got directed presence learn that the resource is gone (4.6.3 r2). */
  | { readonly kind: "end-directed"; readonly to: readonly string[] };

/**
 * The resource sent available presence without `to`: initial where it was not available, else subsequent.
 *
 * @param sender as it was before this stanza; `priority` counts only within a presence session.
 * @param resources every resource of the account, the sender too.
 * @param priority of the new stanza.
 */
export function planAvailable<R extends PresenceResource>(
  sender: R,
  priority: number,
  resources: readonly R[],
  audience: PresenceAudience,
): PresenceStep<R>[] {
  const others = resources.filter((resource) => resource !== sender && resource.available);
  const steps: PresenceStep<R>[] = [
    { kind: "reflect", to: [sender, ...told(sender, resources)] },
    { kind: "broadcast", to: audience.subscribers },
  ];
  if (!sender.inPresenceSession) {
    steps.push(
      { kind: "introduce", others },
      { kind: "probe", to: audience.watched },
      { kind: "replay-requests" },
    );
  }
  const tookMessages =
    (sender.inPresenceSession && sender.priority >= 0) || others.some((one) => one.priority >= 0);
  if (priority >= 0 && !tookMessages) steps.push({ kind: "deliver-offline" });
  return steps;
}

/**
 * The resource became unavailable: it said so, or its stream is gone (4.5.2).
 *
 * One that was only connected has no subscribers to tell, but still the targets of its directed presence (4.6.3 r3).
 *
 * @param sender as it was before.
 * @param connected whether its stream is still there to get the reflection.
 * @param account bare JID of the account; its own resources are reached by the reflection.
 */
export function planUnavailable<R extends PresenceResource>(
  sender: R,
  connected: boolean,
  account: BareJid,
  resources: readonly R[],
  audience: PresenceAudience,
): PresenceStep<R>[] {
  if (!sender.inPresenceSession) return endDirected([...sender.directed]);
  const others = told(sender, resources);
  return [
    { kind: "reflect", to: connected ? [sender, ...others] : others },
    { kind: "broadcast", to: audience.subscribers },
    ...endDirected<R>(notReachedOtherwise([...sender.directed], account, audience.subscribers)),
  ];
}

function told<R extends PresenceResource>(sender: R, resources: readonly R[]): R[] {
  return resources.filter((resource) => resource !== sender && resource.getsPresence);
}

/** Subscriptions come first: who gets the broadcast needs nothing else (4.6.1). */
function notReachedOtherwise(
  targets: readonly string[],
  account: BareJid,
  subscribers: readonly BareJid[],
): readonly string[] {
  if (targets.length === 0) return targets;
  const told = new Set<string>(subscribers).add(account);
  return targets.filter((target) => !told.has(bareOf(target)));
}

function endDirected<R>(to: readonly string[]): PresenceStep<R>[] {
  return to.length === 0 ? [] : [{ kind: "end-directed", to }];
}

/**
 * Whether directed presence to `target` speaks to `entity`: that very address, or the bare JID that the entity belongs
 * to (4.6.6).
 */
export function isDirectedTo(target: string, entity: string): boolean {
  if (target === entity) return true;
  return (
    entity.length > target.length && entity.charCodeAt(target.length) === SLASH && entity.startsWith(target)
  );
}

const SLASH = 0x2f;
