/** Subscription stanzas in both directions (RFC 6121, section 3, Appendix A): parse, decide, store, perform effects. */
import { done, type Outcome } from "@rollcall/bus";
import type { AccountEffect, CommandId, InboundSubscription, RosterCommand } from "@rollcall/contracts";
import {
  decideSubscription,
  type RosterFull,
  type RosterLimits,
  type SubscriptionEvent,
  type SubscriptionStanzaType,
  type TooManyRequests,
} from "@rollcall/rfc6121";
import type { RosterOutcome } from "@rollcall/telemetry";
import { type BareJid, bareOf, parseJid, type Stanza } from "@rollcall/xmpp";
import { planAnswer, planInbound, planOutbound } from "../effects/plan-effects.ts";
import { faultOutcome, refusalStanza } from "../refuse.ts";
import { type AppliedCommand, findCommand, owedStanzas } from "../store/command-log.ts";
import type { Decision, StoredRoster } from "../store/roster-store.ts";
import { answerFaults, answerSession } from "./answer-session.ts";
import type { RosterServiceParts } from "./roster-service-parts.ts";

type Result =
  | { readonly kind: "applied"; readonly command: AppliedCommand; readonly again: boolean }
  | { readonly kind: "older" }
  | RosterFull
  | TooManyRequests;

interface Step {
  readonly owner: BareJid;
  readonly id: CommandId;
  readonly event: SubscriptionEvent;
  readonly contact: BareJid;
  readonly stanza: Stanza;
  readonly at: number;
  /** The contact's roster is one of ours. */
  readonly isLocal: boolean;
}

function subscriptionType({ kind, type }: Stanza): SubscriptionStanzaType | undefined {
  if (kind !== "presence") return undefined;
  switch (type) {
    case "subscribe":
    case "subscribed":
    case "unsubscribe":
    case "unsubscribed":
      return type;
    default:
      return undefined;
  }
}

function decideStep(stored: StoredRoster, step: Step, limits: RosterLimits): Decision<Result> {
  const { owner, id, event, contact, stanza, at } = step;
  const seen = findCommand(stored.commands, id);
  if (seen === "older") return { changes: [], result: { kind: "older" } };
  // The stanza of the log is cut short; the one that came is complete.
  if (seen !== undefined)
    return { changes: [], result: { kind: "applied", command: { ...seen, stanza }, again: true } };
  const decided = decideSubscription(stored.roster, event, contact, stanza, at, limits);
  if (decided.kind !== "decided") return { changes: [], result: decided };
  const command: AppliedCommand = {
    id,
    event,
    contact,
    before: decided.before,
    stanza: event.startsWith("out:") ? stanza : undefined,
    confirmed: false,
  };
  const owesNothing = !step.isLocal || owedStanzas(owner, command).length === 0;
  return {
    changes: decided.changes,
    command: { ...command, confirmed: owesNothing },
    result: { kind: "applied", command, again: false },
  };
}

/**
 * A subscription stanza of a session of the account (A.2).
 *
 * One to the account itself is ignored. Where the contact's domain is not ours the session is told so, and a request
 * is not noted, as nobody got it; what the account decides for itself (cancelling, approving, unsubscribing) holds
 * all the same.
 */
export async function changeOutbound(
  parts: RosterServiceParts,
  owner: BareJid,
  command: RosterCommand,
): Promise<Outcome> {
  const { rosters, domains, limits, counters } = parts;
  const { id, session, stanza, at } = command;
  const type = subscriptionType(stanza);
  const contact = stanza.to === undefined ? undefined : parseJid(stanza.to)?.bare;
  if (type === undefined || contact === undefined) {
    counters.ended("outbound_subscription", "refused");
    return { kind: "reject", reason: "no subscription stanza" };
  }
  if (contact === owner) {
    counters.ended("outbound_subscription", "done");
    return done;
  }
  return answerFaults(parts, owner, command, "outbound_subscription", async () => {
    const isReachable = domains.has(contact);
    const unreachable = isReachable ? undefined : refusalStanza(stanza, { kind: "no-such-domain" });
    if (unreachable !== undefined && type === "subscribe") {
      await answerSession(parts, owner, command, unreachable);
      return "refused";
    }
    const unrouted: AccountEffect | undefined =
      unreachable === undefined
        ? undefined
        : { kind: "answer-session", session, stanza: unreachable, interestedFrom: undefined };
    const step: Step = { owner, id, event: `out:${type}`, contact, stanza, at, isLocal: isReachable };
    const { kind } = await rosters.change(
      owner,
      (stored) => decideStep(stored, step, limits),
      ({ roster, result }) => {
        const context = { owner, id, roster, at };
        switch (result.kind) {
          case "applied":
            return planOutbound({ ...context, again: result.again }, result.command, unrouted);
          case "roster-full":
            return planAnswer(context, session, refusalStanza(stanza, result));
          case "older":
          case "too-many-requests":
            return undefined;
        }
      },
    );
    return kind === "applied" || kind === "older" ? "done" : "refused";
  });
}

/**
 * A subscription stanza of a contact (A.3). For an account that does not exist it is ignored without a word
 * (8.5.1), so that nobody can find out who has an account.
 */
export async function changeInbound(
  parts: RosterServiceParts,
  owner: BareJid,
  { id, stanza, at }: InboundSubscription,
): Promise<Outcome> {
  const { rosters, admission, domains, limits, counters, handOvers, performed } = parts;
  const ended = (outcome: RosterOutcome): void => counters.ended("inbound_subscription", outcome);
  const type = subscriptionType(stanza);
  const contact = stanza.from === undefined ? undefined : bareOf(stanza.from);
  if (type === undefined || contact === undefined) {
    ended("refused");
    return { kind: "reject", reason: "no subscription stanza" };
  }
  if (contact === owner) {
    ended("done");
    return done;
  }
  // Each one may start an automatic reply that nobody waits for.
  if (handOvers.isFull) {
    ended("failed");
    return { kind: "retry", afterMs: busyMs };
  }
  try {
    const isLocal = domains.has(contact);
    const step: Step = { owner, id, event: `in:${type}`, contact, stanza, at, isLocal };
    const admitted = await admission.admit(owner, () =>
      rosters.change(
        owner,
        (stored) => decideStep(stored, step, limits),
        ({ roster, result }) => {
          if (result.kind === "too-many-requests") counters.requestsOverLimit++;
          if (result.kind !== "applied") return undefined;
          const { command, again } = result;
          if (again && performed.has(owner, id)) return undefined;
          return planInbound({ owner, id, roster, at, again }, command, stanza, isLocal);
        },
      ),
    );
    if (admitted === undefined) counters.unknownAccounts++;
    else performed.add(owner, id);
    ended(admitted === undefined || admitted.result.kind === "too-many-requests" ? "refused" : "done");
    return done;
  } catch (fault) {
    ended("failed");
    return faultOutcome(fault);
  }
}

const busyMs = 50;
