import type { BareJid } from "@rollcall/xmpp";
import type { OfflineMessage } from "./offline-store.ts";

/** The messages of an account as the store has them under an etag. */
export interface RecentMessages {
  readonly etag: string;
  readonly context: string;
  readonly messages: readonly OfflineMessage[];
}

/** What an entry counts for beside its texts. */
const ENTRY_CHARACTERS = 500;

/**
 * The messages of the accounts that got some most recently, so that the next one for the same account need not fetch
 * and decode all those before it: whoever floods somebody who is away would make the server do that for each message.
 */
export class RecentMessagesCache {
  readonly #entries = new Map<BareJid, { readonly recent: RecentMessages; readonly characters: number }>();
  readonly #limit: number;
  #characters = 0;

  /** @param limit characters of all messages together. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  get(account: BareJid): RecentMessages | undefined {
    return this.#entries.get(account)?.recent;
  }

  /** Forgets the accounts set longest ago where there is too much. */
  set(account: BareJid, recent: RecentMessages): void {
    this.delete(account);
    const characters = recent.messages.reduce((sum, { xml }) => sum + xml.length, ENTRY_CHARACTERS);
    this.#entries.set(account, { recent, characters });
    this.#characters += characters;
    for (const oldest of this.#entries.keys()) {
      if (this.#characters <= this.#limit) return;
      this.delete(oldest);
    }
  }

  delete(account: BareJid): void {
    const entry = this.#entries.get(account);
    if (entry === undefined) return;
    this.#entries.delete(account);
    this.#characters -= entry.characters;
  }
}
