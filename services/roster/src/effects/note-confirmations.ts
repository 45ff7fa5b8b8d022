import type { Clock } from "@rollcall/runtime";
import type { Logger } from "@rollcall/telemetry";
import type { BareJid } from "@rollcall/xmpp";
import type { Confirmations } from "./confirmations.ts";

export interface NoteConfirmationsDeps {
  readonly confirmations: Confirmations;
  /** Writes into the roster what its commands do not owe any more. */
  readonly note: (owner: BareJid) => Promise<void>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Most accounts are written again before that, and need no write of their own. */
const PATIENCE_MS = 2_000;
const EVERY_MS = 500;
const TOGETHER = 8;

/**
 * Notes confirmations that no other write has noted for a while. Otherwise everything that was handed over would be
 * sent once more after a restart, or by the next owner of the account.
 */
export class NoteConfirmations {
  readonly #deps: NoteConfirmationsDeps;
  #timer: NodeJS.Timeout | undefined;
  #noting: Promise<void> | undefined;

  constructor(deps: NoteConfirmationsDeps) {
    this.#deps = deps;
  }

  start(): void {
    this.#timer = setInterval(() => void this.#begin(PATIENCE_MS), EVERY_MS);
    this.#timer.unref();
  }

  /** Notes everything, and nothing more after that. */
  async finish(): Promise<void> {
    clearInterval(this.#timer);
    await this.#noting;
    await this.#begin(0);
  }

  #begin(ageMs: number): Promise<void> {
    this.#noting ??= this.#noteAll(ageMs).finally(() => {
      this.#noting = undefined;
    });
    return this.#noting;
  }

  async #noteAll(ageMs: number): Promise<void> {
    const { clock, confirmations } = this.#deps;
    const due = confirmations.olderThan(clock.now() - ageMs);
    const next = async (): Promise<void> => {
      for (let owner = due.pop(); owner !== undefined; owner = due.pop()) await this.#note(owner);
    };
    await Promise.all(Array.from({ length: TOGETHER }, next));
  }

  async #note(owner: BareJid): Promise<void> {
    try {
      await this.#deps.note(owner);
    } catch (error) {
      // They wait for the next write, or for the next time.
      this.#deps.logger.debug({ event: "roster.confirmations-not-noted", account: owner, error });
    }
  }
}
