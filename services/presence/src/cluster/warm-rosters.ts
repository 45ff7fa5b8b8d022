import type { RosterKeeper } from "../roster-view/roster-keeper.ts";
import type { AccountSessions } from "../sessions/session-registry.ts";

/** Rosters asked for at the same time. */
const AT_ONCE = 16;

/**
 * Asks for the rosters of accounts that were taken over, a few at a time, before they are needed. What is needed earlier
 * is asked for then; if the roster owners do not answer, all are.
 */
export class WarmRosters {
  readonly #rosters: RosterKeeper;

  constructor(rosters: RosterKeeper) {
    this.#rosters = rosters;
  }

  /** @param isStopped looked at before each question. */
  async warm(accounts: Iterable<AccountSessions>, isStopped: () => boolean): Promise<void> {
    const rest = accounts[Symbol.iterator]();
    let isFailing = false;
    const work = async (): Promise<void> => {
      for (;;) {
        const next = rest.next();
        if (next.done || isFailing || isStopped()) return;
        if (!needsRoster(next.value)) continue;
        try {
          await this.#rosters.hold(next.value);
        } catch {
          // The keeper has logged it.
          isFailing = true;
        }
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
  }
}

function needsRoster({ roster, sessions }: AccountSessions): boolean {
  return roster === undefined && sessions.some((session) => session.inPresenceSession || session.interested);
}
