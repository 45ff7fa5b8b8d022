import type { AccountStore } from "@rollcall/accounts";
import { carrySpan } from "@rollcall/telemetry";
import type { BareJid } from "@rollcall/xmpp";
import { AccountTurns } from "./store/account-turns.ts";

/**
 * Lets what comes for an account begin in the order of its arrival, once it is known that there is such an account.
 * Without it a stanza whose account had to be asked for would be overtaken by one that came later, and an old answer
 * would meet a new request.
 */
export class Admission {
  readonly #accounts: Pick<AccountStore, "exists">;
  readonly #turns = new AccountTurns();

  constructor(accounts: Pick<AccountStore, "exists">) {
    this.#accounts = accounts;
  }

  /**
   * @param begin takes its turn in the roster store before it waits for anything.
   * @returns what `begin` resolves with; `undefined` where there is no such account.
   * @throws {StoreUnavailableError} and what `begin` rejects with.
   */
  async admit<T>(owner: BareJid, begin: () => Promise<T>): Promise<{ readonly result: T } | undefined> {
    const carried = carrySpan(begin);
    const admitted = await this.#turns.run(owner, async () =>
      (await this.#accounts.exists(owner)) ? { work: carried() } : undefined,
    );
    return admitted && { result: await admitted.work };
  }
}
