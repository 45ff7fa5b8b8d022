import type { Bus } from "@rollcall/bus";
import { channels, type SessionRef } from "@rollcall/contracts";
import type { Clock } from "@rollcall/runtime";
import type { Logger } from "@rollcall/telemetry";
import type { BareJid } from "@rollcall/xmpp";

interface EndedSession {
  readonly account: BareJid;
  readonly ref: SessionRef;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

export interface EndSessionsOptions {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Ends that may wait for another attempt; beyond it the oldest is given up, and logged. */
  readonly waitingLimit: number;
}

/**
 * Tells presence owners that sessions are gone, once each. An owner that does not take it is told again with the next
 * `retry`, for a session that nobody ends would look available for ever.
 */
export class EndSessions {
  readonly #options: EndSessionsOptions;
  #waiting: EndedSession[] = [];
  #underWay = 0;
  #onSettled: (() => void) | undefined;

  constructor(options: EndSessionsOptions) {
    this.#options = options;
  }

  /** Announcements that no owner has confirmed. */
  get unconfirmed(): number {
    return this.#underWay + this.#waiting.length;
  }

  /** To be called once for a session. */
  end(account: BareJid, ref: SessionRef): void {
    void this.#announce({ account, ref, at: this.#options.clock.now() });
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
    await new Promise<void>((resolve) => {
      this.#onSettled = resolve;
    });
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
    } catch (error) {
      this.#waiting.push(ended);
      logger.debug({ event: "session.end-refused", account: ended.account, error });
      if (this.#waiting.length > waitingLimit) {
        const lost = this.#waiting.shift()!;
        logger.error({ event: "session.end-lost", account: lost.account, session: lost.ref.session });
      }
    } finally {
      this.#underWay--;
      if (this.#underWay === 0) {
        this.#onSettled?.();
        this.#onSettled = undefined;
      }
    }
  }
}
