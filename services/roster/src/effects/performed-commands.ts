import type { CommandId } from "@rollcall/contracts";
import type { BareJid } from "@rollcall/xmpp";
import { commandKey } from "../store/command-log.ts";

const most = 50_000;

/**
 * Commands whose effects this process has performed, as far as it remembers. A contact whose owner died before it had
 * noted that its stanza was taken sends it again when its roster is next read, which may be long after: nobody has to
 * be told then. What is forgotten is merely performed once more.
 */
export class PerformedCommands {
  /** In the order of their performance. */
  readonly #keys = new Set<string>();
  readonly #limit: number;

  constructor(limit = most) {
    this.#limit = limit;
  }

  add(owner: BareJid, id: CommandId): void {
    this.#keys.add(commandKey(owner, id));
    if (this.#keys.size <= this.#limit) return;
    for (const oldest of this.#keys) {
      this.#keys.delete(oldest);
      return;
    }
  }

  has(owner: BareJid, id: CommandId): boolean {
    return this.#keys.has(commandKey(owner, id));
  }
}
