import type { BareJid } from "@rollcall/xmpp";
import type { Fragments, RosterDocument } from "./roster-document.ts";

/** A roster as Riak has it under an etag. */
export interface CachedRoster {
  readonly etag: string;
  readonly context: string;
  readonly document: RosterDocument;
  readonly fragments: Fragments;
  /** Characters of the body that it was read from or written as. */
  readonly length: number;
}

/** Names and groups of ordinary length; a contact with more counts as several. */
const CHARACTERS_PER_CONTACT = 500;

/** What a roster counts for: its contacts, or more where they are large. */
function weightOf({ document, length }: CachedRoster): number {
  return Math.max(document.roster.contacts.size, Math.ceil(length / CHARACTERS_PER_CONTACT));
}

/** Forgets the rosters used longest ago, once there are too many of them, or too many contacts in all of them. */
export class RosterCache {
  readonly #entries = new Map<BareJid, CachedRoster>();
  readonly #maxAccounts: number;
  readonly #maxContacts: number;
  #contacts = 0;

  constructor(maxAccounts: number, maxContacts: number) {
    this.#maxAccounts = maxAccounts;
    this.#maxContacts = maxContacts;
  }

  get accounts(): number {
    return this.#entries.size;
  }

  get contacts(): number {
    return this.#contacts;
  }

  get(owner: BareJid): CachedRoster | undefined {
    const entry = this.#entries.get(owner);
    if (entry !== undefined) {
      this.#entries.delete(owner);
      this.#entries.set(owner, entry);
    }
    return entry;
  }

  set(owner: BareJid, entry: CachedRoster): void {
    this.delete(owner);
    this.#entries.set(owner, entry);
    this.#contacts += weightOf(entry);
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= this.#maxAccounts && this.#contacts <= this.#maxContacts) return;
      this.delete(oldest);
    }
  }

  deleteAll(isDeleted: (owner: BareJid) => boolean): void {
    for (const owner of this.#entries.keys()) if (isDeleted(owner)) this.delete(owner);
  }

  delete(owner: BareJid): void {
    const entry = this.#entries.get(owner);
    if (entry === undefined) return;
    this.#entries.delete(owner);
    this.#contacts -= weightOf(entry);
  }
}
