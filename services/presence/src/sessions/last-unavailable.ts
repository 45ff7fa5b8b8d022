import type { BareJid, Stanza } from "@rollcall/xmpp";

/** The last unavailable presence of an account, and when the server got it (milliseconds since the epoch). */
export interface LastUnavailable {
  readonly stanza: Stanza;
  readonly at: number;
}

/** What went offline most recently, bounded: for probes and for last activity of accounts without sessions. */
export class LastUnavailablePresence {
  readonly #kept = new Map<BareJid, LastUnavailable>();
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#kept.size;
  }

  find(account: BareJid): LastUnavailable | undefined {
    return this.#kept.get(account);
  }

  keep(account: BareJid, stanza: Stanza, at: number): void {
    if (this.#limit === 0) return;
    this.#kept.delete(account);
    this.#kept.set(account, { stanza, at });
    if (this.#kept.size <= this.#limit) return;
    for (const oldest of this.#kept.keys()) {
      this.#kept.delete(oldest);
      return;
    }
  }

  forgetAll(isForgotten: (account: BareJid) => boolean): void {
    for (const account of this.#kept.keys()) if (isForgotten(account)) this.#kept.delete(account);
  }

  forget(account: BareJid): void {
    this.#kept.delete(account);
  }
}
