import { type Bus, BusError } from "@rollcall/bus";
import { type Channel, type CommandId, channels } from "@rollcall/contracts";
import type { Clock } from "@rollcall/runtime";
import { activeSpan, type Logger, withSpan } from "@rollcall/telemetry";
import { type BareJid, bareOf } from "@rollcall/xmpp";
import type { RosterCounters } from "../counters.ts";
import type { LocalDomains } from "../local-domains.ts";
import { isFenced } from "../refuse.ts";
import {
  type AppliedCommand,
  type CommandLog,
  commandKey,
  type OwedStanza,
  owedStanzas,
} from "../store/command-log.ts";
import { AccountLine, type LinedUp } from "./account-line.ts";
import type { Confirmations } from "./confirmations.ts";
import type { HandOvers } from "./hand-overs.ts";
import { countPushes, type EffectPlan, type EffectStep } from "./plan-effects.ts";

export interface PerformEffectsDeps {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly counters: RosterCounters;
  readonly domains: LocalDomains;
  readonly confirmations: Confirmations;
  readonly handOvers: HandOvers;
  /** How long a command waits for the roster of its contact. After that it goes on without being waited for. */
  readonly patienceMs: number;
}

/**
 * Carries out plans, after the write.
 *
 * What goes to the presence owner of the account is awaited, and a failure of it is the caller's: the command has to
 * come again. What goes to a contact's roster is owed; while it cannot be handed over it stays recorded in the
 * account's own roster, and is sent again when that roster is next read.
 */
export class PerformEffects {
  readonly #deps: PerformEffectsDeps;
  readonly #line: AccountLine;
  /** Commands whose owed stanzas are on their way. */
  readonly #owing = new Set<string>();

  constructor(deps: PerformEffectsDeps) {
    this.#deps = deps;
    this.#line = new AccountLine((owner, effects) =>
      this.#publish(channels.presenceCommands, owner, effects, owner),
    );
  }

  /** To be called in the order of the writes. */
  lineUp(plan: EffectPlan): LinedUp {
    this.#owing.add(commandKey(plan.owner, plan.id));
    this.#deps.counters.itemsPushed += countPushes(plan);
    return this.#line.enter(plan);
  }

  /**
   * Resolves when the steps of the plan are done, replies excepted, or when a contact's roster takes too long.
   * @throws {BusError} when the presence owner of the account did not take its part; `fenced` when another process owns
   *   the account by now.
   */
  async perform(entry: LinedUp): Promise<void> {
    const performing = this.#perform(entry);
    if (!entry.plan.steps.some(isRoute)) return performing;
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<"over">((resolve) => {
      timer = setTimeout(resolve, this.#deps.patienceMs, "over");
    });
    const first = await Promise.race([performing, patience]).finally(() => clearTimeout(timer));
    if (first !== "over") return;
    if (this.#deps.handOvers.isFull) return performing;
    this.#deps.handOvers.follow(performing);
  }

  /** Performs a plan that nobody waits for. */
  performUnattended(entry: LinedUp): void {
    this.#deps.handOvers.follow(this.#perform(entry));
  }

  /** Sends again what commands of an earlier life of this service, or failed ones, still owe. */
  recover(owner: BareJid, commands: CommandLog): void {
    const { counters, handOvers, confirmations } = this.#deps;
    for (const command of commands) {
      if (command.confirmed || this.#owing.has(commandKey(owner, command.id)) || handOvers.isFull) continue;
      if (confirmations.has(owner, command.id)) continue;
      counters.recovered++;
      this.#owing.add(commandKey(owner, command.id));
      handOvers.follow(this.#sendAgain(owner, command));
    }
  }

  /** Hands a stanza over to the roster of a contact, in the name of the account in its `from`. @throws {BusError} */
  route({ to, id, stanza }: OwedStanza, at: number): Promise<void> {
    const owner = bareOf(stanza.from ?? "");
    return this.#publish(channels.inboundSubscriptions, to, { id, stanza, at }, owner);
  }

  async #publish<P>(channel: Channel<P>, key: string, payload: P, owner: BareJid): Promise<void> {
    const { bus, counters } = this.#deps;
    try {
      await bus.publish(channel, key, payload, { actingFor: { address: "roster-owner", account: owner } });
    } catch (error) {
      if (isFenced(error)) counters.fenced++;
      throw error;
    }
  }

  async #perform(entry: LinedUp): Promise<void> {
    const { plan } = entry;
    let isPaid = false;
    let isHandedOver = false;
    try {
      isPaid = await this.#take(entry, plan.steps);
      if (plan.replies.length > 0) {
        isHandedOver = true;
        this.#deps.handOvers.follow(this.#reply(entry, isPaid));
      }
    } finally {
      if (!isHandedOver) this.#finish(entry, isPaid);
    }
  }

  async #reply(entry: LinedUp, isPaid: boolean): Promise<void> {
    let repliesPaid = false;
    try {
      repliesPaid = await this.#take(entry, entry.plan.replies);
    } finally {
      this.#finish(entry, isPaid && repliesPaid);
    }
  }

  #finish(entry: LinedUp, isPaid: boolean): void {
    const { owner, id, steps, replies } = entry.plan;
    this.#line.leave(entry);
    this.#owing.delete(commandKey(owner, id));
    if (isPaid && (steps.some(isRoute) || replies.some(isRoute))) this.#confirm(owner, id);
  }

  /** @returns whether all that is owed was handed over. */
  async #take(entry: LinedUp, steps: readonly EffectStep[]): Promise<boolean> {
    let isPaid = true;
    for (const step of steps) {
      if (step.kind === "account") await this.#line.send(entry, step.effects);
      else if (!(await withSpan(entry.span, () => this.#tryRoute(step.owed, entry.plan.at)))) isPaid = false;
    }
    return isPaid;
  }

  async #sendAgain(owner: BareJid, command: AppliedCommand): Promise<void> {
    const at = this.#deps.clock.now();
    let isPaid = true;
    try {
      if (this.#deps.domains.has(command.contact)) {
        for (const owed of owedStanzas(owner, command)) {
          if (!(await this.#tryRoute(owed, at))) isPaid = false;
        }
      }
    } finally {
      this.#owing.delete(commandKey(owner, command.id));
    }
    if (isPaid) this.#confirm(owner, command.id);
  }

  #confirm(owner: BareJid, id: CommandId): void {
    const { confirmations, clock } = this.#deps;
    confirmations.add(owner, id, clock.now());
  }

  async #tryRoute(owed: OwedStanza, at: number): Promise<boolean> {
    const { logger, counters } = this.#deps;
    const span = activeSpan();
    try {
      await this.route(owed, at);
      return true;
    } catch (error) {
      // Another process owns the account by now, and finds in its roster what is owed.
      if (!(error instanceof BusError) || isFenced(error)) throw error;
      counters.handOversFailed++;
      withSpan(span, () => logger.warn({ event: "roster.contact-not-reached", contact: owed.to, error }));
      return false;
    }
  }
}

function isRoute({ kind }: EffectStep): boolean {
  return kind === "route";
}
