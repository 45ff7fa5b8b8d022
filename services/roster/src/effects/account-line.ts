import type { AccountEffect, AccountEffects } from "@rollcall/contracts";
import { activeSpan, type Span, withSpan } from "@rollcall/telemetry";
import type { BareJid } from "@rollcall/xmpp";
import type { EffectPlan, EffectStep } from "./plan-effects.ts";

/** A plan that is being carried out. */
export interface LinedUp {
  readonly plan: EffectPlan;
  /** What it is a step of. */
  readonly span: Span | undefined;
  /** Effects that a later plan of the account had sent ahead of time, so that it could follow in order. */
  readonly sentAhead: Set<AccountEffect>;
  /** The sending of those. */
  ahead: Promise<void> | undefined;
  /** A later write took the contact's subscription away: it must not get presence any more. */
  withholdPresence: boolean;
}

/** Sends to the presence owner of the account; the order of the calls is the order of arrival. */
export type SendEffects = (owner: BareJid, effects: AccountEffects) => Promise<void>;

/**
 * Keeps what the presence owner of an account is told in the order of the account's writes.
 *
 * Plans of one account overlap: one may wait for a contact's roster between two steps while another one, of a later
 * write, is ready. The later one does not wait, which could go in a circle between two accounts; it sends the pending
 * answers, deliveries, pushes and changes of the earlier plans first. Only presence stays with its own plan.
 */
export class AccountLine {
  readonly #send: SendEffects;
  readonly #lines = new Map<BareJid, LinedUp[]>();

  constructor(send: SendEffects) {
    this.#send = send;
  }

  /** Accounts that have plans under way. */
  get size(): number {
    return this.#lines.size;
  }

  /** Lines a plan up behind those of earlier writes. */
  enter(plan: EffectPlan): LinedUp {
    const entry: LinedUp = {
      plan,
      span: activeSpan(),
      sentAhead: new Set(),
      ahead: undefined,
      withholdPresence: false,
    };
    const line = this.#lines.get(plan.owner);
    if (line === undefined) {
      this.#lines.set(plan.owner, [entry]);
      return entry;
    }
    if (plan.contact?.subscribed === false) {
      for (const earlier of line) {
        if (earlier.plan.contact?.jid === plan.contact.jid) earlier.withholdPresence = true;
      }
    }
    line.push(entry);
    return entry;
  }

  /** Takes a plan out, finished or given up. */
  leave(entry: LinedUp): void {
    const line = this.#lines.get(entry.plan.owner);
    const place = line?.indexOf(entry) ?? -1;
    if (line === undefined || place < 0) return;
    if (line.length === 1) this.#lines.delete(entry.plan.owner);
    else line.splice(place, 1);
  }

  /** Sends one step of a plan, and before it what earlier plans still have to say. */
  async send(entry: LinedUp, effects: readonly AccountEffect[]): Promise<void> {
    const { owner } = entry.plan;
    for (const earlier of this.#lines.get(owner) ?? []) {
      if (earlier === entry) break;
      this.#sendAhead(earlier);
    }
    const rest = effects.filter(
      (effect) =>
        !entry.sentAhead.has(effect) &&
        !(entry.withholdPresence && effect.kind === "send-presence-to-contact"),
    );
    for (const effect of rest) entry.sentAhead.add(effect);
    const sending = rest.length === 0 ? undefined : this.#sendFor(entry, rest);
    await Promise.all([entry.ahead, sending]);
  }

  #sendFor({ plan, span }: LinedUp, effects: readonly AccountEffect[]): Promise<void> {
    return withSpan(span, () => this.#send(plan.owner, effectsOf(plan, effects)));
  }

  #sendAhead(entry: LinedUp): void {
    const rest = entry.plan.steps.flatMap(orderedEffects).filter((effect) => !entry.sentAhead.has(effect));
    if (rest.length === 0) return;
    for (const effect of rest) entry.sentAhead.add(effect);
    const sending = this.#sendFor(entry, rest);
    entry.ahead = entry.ahead === undefined ? sending : Promise.all([entry.ahead, sending]).then(ignore);
    // A failure belongs to the plan whose effects these are, which awaits it at its next step.
    entry.ahead.catch(ignore);
  }
}

function orderedEffects(step: EffectStep): readonly AccountEffect[] {
  return step.kind === "route" ? [] : step.effects.filter(({ kind }) => !isPresence(kind));
}

function isPresence(kind: AccountEffect["kind"]): boolean {
  return kind === "send-presence-to-contact" || kind === "send-unavailable-to-contact";
}

function effectsOf(plan: EffectPlan, effects: readonly AccountEffect[]): AccountEffects {
  const { id, revision, at } = plan;
  return { kind: "account-effects", id, revision, effects, at };
}

function ignore(): void {}
