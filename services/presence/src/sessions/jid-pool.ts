import type { BareJid } from "@rollcall/xmpp";

interface Pooled {
  readonly jid: BareJid;
  uses: number;
}

/**
 * One string per JID, however many rosters in memory name it: with hundreds of thousands of accounts the same contact
 * would otherwise be held once per roster.
 */
export class JidPool {
  readonly #pooled = new Map<string, Pooled>();

  get size(): number {
    return this.#pooled.size;
  }

  /** The shared string that equals `jid`; to be given back with `release`. */
  use(jid: BareJid): BareJid {
    const pooled = this.#pooled.get(jid);
    if (pooled !== undefined) {
      pooled.uses += 1;
      return pooled.jid;
    }
    this.#pooled.set(jid, { jid, uses: 1 });
    return jid;
  }

  release(jid: BareJid): void {
    const pooled = this.#pooled.get(jid);
    if (pooled === undefined) return;
    pooled.uses -= 1;
    if (pooled.uses === 0) this.#pooled.delete(jid);
  }
}
