import type { CommandId } from "@rollcall/contracts";
import type { Roster, RosterChange } from "@rollcall/rfc6121";
import type { BareJid } from "@rollcall/xmpp";
import type { AppliedCommand, CommandLog } from "./command-log.ts";

/**
 * Keeps one roster per account. Only `riak-roster-store.ts` knows that rosters live in Riak; every implementation
 * passes `roster-store.contract.ts`.
 *
 * Operations on one account take turns, in the order of the calls; those on different accounts overlap.
 */
export interface RosterStore {
  /**
   * Reads the roster in its turn. An account that never stored one has an empty roster.
   * @throws {StoreUnavailableError} @throws {RosterUnreadableError}
   */
  load(owner: BareJid, seen?: (stored: StoredRoster) => void): Promise<StoredRoster>;

  /**
   * Reads the roster, asks `decide` what to change and writes it. If another writer got in between, reads and asks
   * again; `decide` must therefore be pure, and find in the log that its command is applied already. Without a change
   * nothing is written.
   *
   * @param seen called once, before any later operation on the account begins: what has to keep the order of the
   *   writes is lined up here.
   * @returns what was written, and the result of the decision that was written.
   * @throws {StoreUnavailableError} the write may or may not have happened; asking again is safe.
   * @throws {RosterUnreadableError}
   */
  update<R>(
    owner: BareJid,
    decide: (stored: StoredRoster) => Decision<R>,
    seen?: (committed: Committed<R>) => void,
  ): Promise<Committed<R>>;

  /** Removes the roster of a deleted account. Removing an absent roster is not an error. @throws {StoreUnavailableError} */
  remove(owner: BareJid): Promise<void>;

  /**
   * Forgets what is known in memory of accounts that another process writes now, or has written: what it changed is no
   * edit of others, and clients have heard of it.
   */
  forget(isForgotten: (owner: BareJid) => boolean): void;
}

export interface StoredRoster {
  readonly roster: Roster;
  readonly commands: CommandLog;
  /**
   * What others have changed since this process last read the roster. Told once, to whoever reads first: clients have
   * to hear of it.
   */
  readonly edits: RosterEdits | undefined;
}

export interface RosterEdits {
  readonly contacts: readonly BareJid[];
  /** Contacts with a later version than this changed visibly. */
  readonly since: number;
  /** Those that may see the account's presence now, and could not before. */
  readonly granted?: readonly BareJid[];
  /** Those that could see the account's presence, and may not any more. */
  readonly revoked?: readonly BareJid[];
}

/** What `decide` wants written, and what it wants told to its caller (typically the effects to perform). */
export interface Decision<R> {
  readonly changes: readonly RosterChange[];
  /** Recorded together with the changes; without any, only where the account owes an answer. */
  readonly command?: AppliedCommand | undefined;
  /** Earlier commands that owe nothing any more. Noting that is a reason to write. */
  readonly confirmed?: readonly CommandId[] | undefined;
  readonly result: R;
}

export interface Committed<R> extends StoredRoster {
  readonly result: R;
  /** Whether anything was written. */
  readonly written: boolean;
}

/** What is stored under the account is not a roster. It is left alone until somebody repairs it. */
export class RosterUnreadableError extends Error {
  override readonly name = "RosterUnreadableError";
  readonly code = "roster-unreadable";
  readonly retryable = false;
}
