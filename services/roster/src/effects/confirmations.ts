import type { CommandId } from "@rollcall/contracts";
import type { BareJid } from "@rollcall/xmpp";
import { maxCommands, sameCommand } from "../store/command-log.ts";

/** Accounts with confirmations that wait for the next write; what is forgotten is merely performed once more. */
const maxAccounts = 50_000;

/**
 * Commands that owe nothing any more, until the next write of their roster notes it. A write only for that is not
 * worth its cost: performing a command again is harmless.
 */
export class Confirmations {
  readonly #waiting = new Map<BareJid, CommandId[]>();

  add(owner: BareJid, id: CommandId): void {
    const ids = this.#waiting.get(owner);
    if (ids !== undefined) {
      ids.push(id);
      if (ids.length > maxCommands) ids.shift();
      return;
    }
    this.#waiting.set(owner, [id]);
    if (this.#waiting.size <= maxAccounts) return;
    for (const oldest of this.#waiting.keys()) {
      this.#waiting.delete(oldest);
      return;
    }
  }

  of(owner: BareJid): readonly CommandId[] {
    return this.#waiting.get(owner) ?? [];
  }

  has(owner: BareJid, id: CommandId): boolean {
    return this.of(owner).some((known) => sameCommand(known, id));
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
