import type { CommandId } from "@rollcall/contracts";
import type { Clock } from "@rollcall/runtime";
import type { BareJid } from "@rollcall/xmpp";
import type { RosterCounters } from "./counters.ts";
import type { LinedUp } from "./effects/account-line.ts";
import type { Confirmations } from "./effects/confirmations.ts";
import type { PerformEffects } from "./effects/perform-effects.ts";
import { countPushes, type EffectPlan, editsBeside, planEdits } from "./effects/plan-effects.ts";
import type { OwedStanza } from "./store/command-log.ts";
import type { Committed, Decision, RosterStore, StoredRoster } from "./store/roster-store.ts";

export interface RostersDeps {
  readonly store: RosterStore;
  readonly performEffects: PerformEffects;
  readonly confirmations: Confirmations;
  readonly clock: Clock;
  readonly counters: RosterCounters;
  readonly instanceId: string;
}

/** Decide, write, act: the one way from a handler to a stored roster. */
export class Rosters {
  readonly #deps: RostersDeps;
  #sequence = 0;

  constructor(deps: RostersDeps) {
    this.#deps = deps;
  }

  /** An id for something that this service does of itself. */
  ownId(): CommandId {
    this.#sequence += 1;
    return { origin: this.#deps.instanceId, session: 0, sequence: this.#sequence };
  }

  /**
   * Writes what `decide` wants and performs the plan made of the outcome.
   *
   * @param plan pure; `undefined` where there is nothing to do
   * @throws {StoreUnavailableError | RosterUnreadableError} nothing was performed
   * @throws {BusError} written, but the presence owner of the account was not told: the command has to come again
   */
  async change<R>(
    owner: BareJid,
    decide: (stored: StoredRoster) => Decision<R>,
    plan: (committed: Committed<R>) => EffectPlan | undefined,
  ): Promise<R> {
    const { store, performEffects } = this.#deps;
    let entry: LinedUp | undefined;
    const committed = await store.update(
      owner,
      (stored) => this.#withConfirmations(owner, decide(stored)),
      (seen) => {
        const planned = plan(seen);
        this.#announceEdits(owner, seen, planned);
        if (planned !== undefined) entry = performEffects.lineUp(planned);
        this.#followUp(owner, seen, seen.written);
      },
    );
    if (entry !== undefined) await performEffects.perform(entry);
    return committed.result;
  }

  /** Reads the roster in its turn. @returns it, and how many items were pushed because others had changed them. */
  async read(owner: BareJid): Promise<{ readonly stored: StoredRoster; readonly pushed: number }> {
    let pushed = 0;
    const stored = await this.#deps.store.load(owner, (seen) => {
      pushed = this.#announceEdits(owner, seen);
      this.#followUp(owner, seen, false);
    });
    return { stored, pushed };
  }

  /** Writes down what commands of the account do not owe any more. @throws {StoreUnavailableError | RosterUnreadableError} */
  async noteConfirmations(owner: BareJid): Promise<void> {
    const { store, confirmations } = this.#deps;
    await store.update(
      owner,
      () => ({ changes: [], confirmed: confirmations.of(owner), result: undefined }),
      (seen) => {
        this.#announceEdits(owner, seen);
        // Whatever the log does not know any more needs no noting.
        this.#followUp(owner, seen, true);
      },
    );
  }

  async remove(owner: BareJid): Promise<void> {
    await this.#deps.store.remove(owner);
    this.#deps.confirmations.forget(owner);
  }

  /** Performs a plan that belongs to no write of its own, in its turn among those that do. */
  async tell(plan: EffectPlan): Promise<void> {
    const { performEffects } = this.#deps;
    await performEffects.perform(performEffects.lineUp(plan));
  }

  /** Hands stanzas over to the rosters of contacts. @throws {BusError} */
  async deliver(owed: readonly OwedStanza[], at: number): Promise<void> {
    for (const one of owed) await this.#deps.performEffects.route(one, at);
  }

  #withConfirmations<R>(owner: BareJid, decision: Decision<R>): Decision<R> {
    if (decision.changes.length === 0) return decision;
    return { ...decision, confirmed: this.#deps.confirmations.of(owner) };
  }

  /** @param planned what is going to be performed behind it, and tells some of it anyway. */
  #announceEdits(owner: BareJid, { roster, edits }: StoredRoster, planned?: EffectPlan): number {
    const untold = edits && editsBeside(edits, planned);
    if (untold === undefined) return 0;
    const { performEffects, clock, counters } = this.#deps;
    counters.edits++;
    const plan = planEdits({ owner, id: this.ownId(), roster, at: clock.now() }, untold);
    performEffects.performUnattended(performEffects.lineUp(plan));
    return countPushes(plan);
  }

  #followUp(owner: BareJid, { commands }: StoredRoster, isNoted: boolean): void {
    if (isNoted) this.#forgetNoted(owner, commands);
    this.#deps.performEffects.recover(owner, commands);
  }

  /** Confirmations that the write has noted. */
  #forgetNoted(owner: BareJid, commands: StoredRoster["commands"]): void {
    const { confirmations } = this.#deps;
    const isWaiting = commands.some((command) => !command.confirmed && confirmations.has(owner, command.id));
    if (!isWaiting) confirmations.forget(owner);
  }
}
