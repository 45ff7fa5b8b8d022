import type { BareJid } from "@rollcall/xmpp";

export type ScramMechanism = "SCRAM-SHA-1" | "SCRAM-SHA-256";

/** What a server keeps of a password (RFC 5802, 2.2). All binary values in base64. */
export interface ScramKeys {
  readonly salt: string;
  readonly iterations: number;
  readonly storedKey: string;
  readonly serverKey: string;
}

export interface Account {
  readonly jid: BareJid;
  readonly scram: Readonly<Record<ScramMechanism, ScramKeys>>;
  /** A disabled account cannot log in (`account-disabled`). */
  readonly disabled: boolean;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
}

/**
 * Accounts and their SCRAM keys; no password is ever stored.
 * Written by the admin service only. Every implementation passes `account-store.contract.ts`.
 *
 * What is written through a store is seen through the same store at once, by `exists` too, and through the stores of
 * other processes by their next `find`. Two writers of one account at the same time: the later `put` wins.
 */
export interface AccountStore {
  /** @throws {StoreUnavailableError} @throws {AccountUnreadableError} */
  find(jid: BareJid): Promise<Account | undefined>;
  /**
   * Cheaper than `find`. A yes may be a few seconds old; a no never is, so that nobody has to wait for an account that
   * was just made. @throws {StoreUnavailableError}
   */
  exists(jid: BareJid): Promise<boolean>;
  /** Somebody else removed the account: what this store remembers of it is void. */
  forget(jid: BareJid): void;
  /** Creates or replaces, also what is unreadable. @returns whether it was new. @throws {StoreUnavailableError} */
  put(account: Account): Promise<"created" | "replaced">;
  /** @returns whether there was one. @throws {StoreUnavailableError} */
  remove(jid: BareJid): Promise<boolean>;
  /**
   * Every account's JID, in no order, as they are found. One removed seconds ago may still be among them.
   * @throws {StoreUnavailableError}
   */
  list(): AsyncIterable<BareJid>;
}

/** The store did not answer, or not in time; the write may or may not have happened. Asking again is safe. */
export class StoreUnavailableError extends Error {
  override readonly name = "StoreUnavailableError";
  readonly code = "store-unavailable";
  readonly retryable = true;
}

/** There is such an account, but what is stored of it makes no sense. `put` replaces it, `remove` removes it. */
export class AccountUnreadableError extends Error {
  override readonly name = "AccountUnreadableError";
  readonly code = "account-unreadable";
  readonly retryable = false;
}
