import type { CommandId } from "@rollcall/contracts";
import type { BareJid } from "@rollcall/xmpp";
import { maxCommands, sameCommand } from "../store/command-log.ts";

/** Accounts with confirmations that wait for a write; what is forgotten is merely sent once more. */
const maxAccounts = 50_000;

interface Waiting {
  readonly ids: CommandId[];
  /** Milliseconds since the epoch. */
  readonly since: number;
}

/**
 * Commands that owe nothing any more, until a write of their roster notes it: the next one that there is anyway, or
 * after a while one for this alone.
 */
export class Confirmations {
  /** Those that wait longest come first. */
  readonly #waiting = new Map<BareJid, Waiting>();

  /** @param at milliseconds since the epoch. */
  add(owner: BareJid, id: CommandId, at: number): void {
    const waiting = this.#waiting.get(owner);
    if (waiting !== undefined) {
      waiting.ids.push(id);
      if (waiting.ids.length > maxCommands) waiting.ids.shift();
      return;
    }
    this.#waiting.set(owner, { ids: [id], since: at });
    if (this.#waiting.size <= maxAccounts) return;
    for (const oldest of this.#waiting.keys()) {
      this.#waiting.delete(oldest);
      return;
    }
  }

  of(owner: BareJid): readonly CommandId[] {
    return this.#waiting.get(owner)?.ids ?? [];
  }

  has(owner: BareJid, id: CommandId): boolean {
    return this.of(owner).some((known) => sameCommand(known, id));
  }

  /** Accounts with confirmations that have waited since then or longer. */
  olderThan(time: number): BareJid[] {
    const found: BareJid[] = [];
    for (const [owner, { since }] of this.#waiting) {
      if (since > time) break;
      found.push(owner);
    }
    return found;
  }

  /** Their rosters are somebody else's now, who finds in them what is owed. */
  forgetAll(isForgotten: (owner: BareJid) => boolean): void {
    for (const owner of this.#waiting.keys()) if (isForgotten(owner)) this.#waiting.delete(owner);
  }

  /** They are noted in the roster, or the roster is gone. */
  forget(owner: BareJid): void {
    this.#waiting.delete(owner);
  }
}
