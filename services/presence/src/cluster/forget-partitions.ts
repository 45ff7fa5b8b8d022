import { partitionOf } from "@rollcall/contracts";
import type { RosterKeeper } from "../roster-view/roster-keeper.ts";
import type { LastUnavailablePresence } from "../sessions/last-unavailable.ts";
import type { SessionRegistry } from "../sessions/session-registry.ts";
import type { Debts } from "./debts.ts";

export interface ForgetPartitionsDeps {
  readonly registry: SessionRegistry;
  readonly rosters: RosterKeeper;
  readonly lastUnavailable: LastUnavailablePresence;
  readonly debts: Debts;
}

/** Takes the accounts of partitions that are somebody else's now out of memory. Nobody is told. */
export class ForgetPartitions {
  readonly #deps: ForgetPartitionsDeps;
  readonly #lost = new Set<number>();

  constructor(deps: ForgetPartitionsDeps) {
    this.#deps = deps;
  }

  /** Done when this turn is over, for all of the turn at once: every account has to be looked at. */
  forget(partition: number): void {
    this.#lost.add(partition);
    if (this.#lost.size === 1) queueMicrotask(() => this.#forgetAll());
  }

  #forgetAll(): void {
    const { registry, rosters, lastUnavailable, debts } = this.#deps;
    const lost = new Set(this.#lost);
    this.#lost.clear();
    const isLost = (account: string): boolean => lost.has(partitionOf(account));
    debts.forget(isLost);
    lastUnavailable.forgetAll(isLost);
    for (const account of registry.accounts()) {
      if (!isLost(account.jid)) continue;
      rosters.drop(account);
      registry.forget(account);
    }
  }
}
