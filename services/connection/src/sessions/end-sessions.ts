import type { Bus } from "@rollcall/bus";
import { channels, type SessionRef } from "@rollcall/contracts";
import type { Clock } from "@rollcall/runtime";
import type { Logger } from "@rollcall/telemetry";
import type { BareJid } from "@rollcall/xmpp";
import type { LocalSession } from "./local-session.ts";

interface EndedSession {
  readonly account: BareJid;
  readonly ref: SessionRef;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** The session, if it was bound for sure. */
  readonly session: LocalSession | undefined;
}

export interface EndSessionsOptions {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Ends that may wait for another attempt; beyond it the oldest is given up, and logged. */
  readonly waitingLimit: number;
  /** An owner has confirmed the end of the session, or it was given up. */
  readonly onOver?: ((session: LocalSession) => void) | undefined;
}

/**
 * Tells presence owners that sessions are gone, once each. An owner that does not take it is told again with the next
 * `retry`, for a session that nobody ends would look available for ever.
 */
export class EndSessions {
  readonly #options: EndSessionsOptions;
  #waiting: EndedSession[] = [];
  #underWay = 0;
  #onSettled: (() => void)[] = [];
  #onConfirmed: (() => void)[] = [];

  constructor(options: EndSessionsOptions) {
    this.#options = options;
  }

  /** Announcements that no owner has confirmed. */
  get unconfirmed(): number {
    return this.#underWay + this.#waiting.length;
  }

  /** To be called once for a session. */
  end(account: BareJid, ref: SessionRef, session?: LocalSession): void {
    void this.#announce({ account, ref, at: this.#options.clock.now(), session });
  }

  /** Tries again what was not taken. */
  retry(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const ended of waiting) void this.#announce(ended);
  }

  /** Resolves when nothing is under way any more; what waits for another attempt does not count. */
  async settled(): Promise<void> {
    if (this.#underWay === 0) return;
    await new Promise<void>((resolve) => this.#onSettled.push(resolve));
  }

  /** Resolves when owners have confirmed every end; for as long as it takes, `retry` has to be called. */
  async confirmed(): Promise<void> {
    if (this.unconfirmed === 0) return;
    await new Promise<void>((resolve) => this.#onConfirmed.push(resolve));
  }

  async #announce(ended: EndedSession): Promise<void> {
    const { bus, logger, waitingLimit } = this.#options;
    this.#underWay++;
    try {
      await bus.publish(channels.presenceCommands, ended.account, {
        kind: "end-session",
        session: ended.ref,
        at: ended.at,
      });
      this.#over(ended);
    } catch (error) {
      this.#waiting.push(ended);
      logger.debug({ event: "session.end-refused", account: ended.account, error });
      if (this.#waiting.length > waitingLimit) {
        const lost = this.#waiting.shift()!;
        this.#over(lost);
        logger.error({ event: "session.end-lost", account: lost.account, session: lost.ref.session });
      }
    } finally {
      this.#underWay--;
      if (this.#underWay === 0) for (const resolve of this.#onSettled.splice(0)) resolve();
      if (this.unconfirmed === 0) for (const resolve of this.#onConfirmed.splice(0)) resolve();
    }
  }

  #over({ session }: EndedSession): void {
    if (session !== undefined) this.#options.onOver?.(session);
  }
}
