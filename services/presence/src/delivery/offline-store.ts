import type { BareJid } from "@rollcall/xmpp";

/** A message that waits for its account. */
export interface OfflineMessage {
  /** Unique within the account. */
  readonly id: string;
  /** The complete stanza as it will be delivered, with its XEP-0203 `delay`. */
  readonly xml: string;
  /** When the server got it, in milliseconds since the epoch. */
  readonly at: number;
}

/** What may be kept for one account. */
export interface OfflineQuota {
  readonly messages: number;
  /** UTF-8 bytes of the stanzas. */
  readonly bytes: number;
}

/**
 * Messages for accounts that take none now (XEP-0160). Whether there is such an account is the caller's question.
 *
 * Only the presence owner of an account calls, one call at a time. A message is there before `append` resolves, and
 * stays until it is removed; after a fault of the store it may be read again although it was removed, never the other
 * way round. Every implementation passes `offline-store.contract.ts`.
 */
export interface OfflineStore {
  /** Adds at the end; what is kept under that id already is not added again. @returns `full`, and nothing is kept, where the quota would be exceeded. @throws {StoreUnavailableError} */
  append(account: BareJid, message: OfflineMessage): Promise<"stored" | "full">;
  /** All messages of the account, oldest first. @throws {StoreUnavailableError} */
  read(account: BareJid): Promise<readonly OfflineMessage[]>;
  /** Removes those with these ids; absent ones are no error. @throws {StoreUnavailableError} */
  removeDelivered(account: BareJid, ids: ReadonlySet<string>): Promise<void>;
  /** Removes all messages of a deleted account; none is no error. @throws {StoreUnavailableError} */
  remove(account: BareJid): Promise<void>;
}
