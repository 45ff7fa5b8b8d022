import { partitionOf } from "@rollcall/contracts";
import type { BareJid } from "@rollcall/xmpp";
import type { Confirmations } from "./effects/confirmations.ts";
import type { RosterStore } from "./store/roster-store.ts";

export interface ForgetPartitionsDeps {
  readonly store: Pick<RosterStore, "forget">;
  readonly confirmations: Pick<Confirmations, "forgetAll">;
}

/** Takes the accounts of partitions that change owners out of memory; everything that counts is in their rosters. */
export class ForgetPartitions {
  readonly #deps: ForgetPartitionsDeps;
  readonly #changing = new Set<number>();
  #forgetting: Promise<void> | undefined;

  constructor(deps: ForgetPartitionsDeps) {
    this.#deps = deps;
  }

  /** Resolves when it is done; once for all partitions of one turn, since every account has to be looked at. */
  forget(partition: number): Promise<void> {
    this.#changing.add(partition);
    this.#forgetting ??= Promise.resolve().then(() => this.#forgetAll());
    return this.#forgetting;
  }

  #forgetAll(): void {
    const { store, confirmations } = this.#deps;
    const changing = new Set(this.#changing);
    this.#changing.clear();
    this.#forgetting = undefined;
    const isForgotten = (owner: BareJid): boolean => changing.has(partitionOf(owner));
    store.forget(isForgotten);
    confirmations.forgetAll(isForgotten);
  }
}
