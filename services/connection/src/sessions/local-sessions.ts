import type { SessionRef } from "@rollcall/contracts";
import type { LocalSession } from "./local-session.ts";

const LARGEST_HANDLE = 0xffff_ffff;

/**
 * The sessions of this node by handle. A handle is not used again before 2^32 others were, so a delivery that is
 * late never meets a stranger.
 */
export class LocalSessions {
  readonly #sessions = new Map<number, LocalSession>();
  readonly #nodeId: string;
  #lastHandle = 0;

  constructor(nodeId: string) {
    this.#nodeId = nodeId;
  }

  get size(): number {
    return this.#sessions.size;
  }

  /** A name for a session that is about to be bound. */
  nextRef(): SessionRef {
    do {
      this.#lastHandle = this.#lastHandle === LARGEST_HANDLE ? 1 : this.#lastHandle + 1;
    } while (this.#sessions.has(this.#lastHandle));
    return { node: this.#nodeId, session: this.#lastHandle };
  }

  /** From now on deliveries find the session. */
  add(session: LocalSession): void {
    this.#sessions.set(session.ref.session, session);
  }

  find(handle: number): LocalSession | undefined {
    return this.#sessions.get(handle);
  }

  remove(session: LocalSession): void {
    this.#sessions.delete(session.ref.session);
  }
}
