import { BusError } from "@rollcall/bus";
import { type PresenceAudience, planUnavailable } from "@rollcall/rfc6121";
import { activeSpan, type Logger, withSpan } from "@rollcall/telemetry";
import type { Stanza } from "@rollcall/xmpp";
import type { Cause } from "../fan-out/cause.ts";
import type { PerformPlan } from "../fan-out/perform-plan.ts";
import type { RosterKeeper } from "../roster-view/roster-keeper.ts";
import type { LastUnavailablePresence } from "../sessions/last-unavailable.ts";
import type { Session, SessionRegistry } from "../sessions/session-registry.ts";
import type { SharedTexts } from "../sessions/shared-texts.ts";
import { keptPresence } from "./update-presence.ts";

export interface BecomeUnavailableDeps {
  readonly registry: SessionRegistry;
  readonly rosters: RosterKeeper;
  readonly plans: PerformPlan;
  readonly lastUnavailable: LastUnavailablePresence;
  readonly texts: SharedTexts;
  readonly logger: Logger;
}

/** Times that the roster is asked for, each as long as initial presence waits for one. */
const ROSTER_ATTEMPTS = 2;

/** A session that was never available has nobody in its roster to tell. */
const nobody: PresenceAudience = { subscribers: [], watched: [] };

/** Unavailable presence without `to`, sent by the client or in its name (RFC 6121, 4.5.2). */
export class BecomeUnavailable {
  readonly #deps: BecomeUnavailableDeps;

  constructor(deps: BecomeUnavailableDeps) {
    this.#deps = deps;
  }

  /**
   * The new state is recorded, and everything published, before this returns its promise; except that after a rebuild
   * the roster may have to be asked for first, to know the subscribers.
   *
   * @param connected whether the stream is still there to get the reflection.
   * @throws {BusError} `fenced`
   */
  handle(
    session: Session,
    stanza: Stanza,
    at: number,
    connected: boolean,
    cause: Cause | undefined,
  ): Promise<void> {
    const { registry, rosters, plans, lastUnavailable, texts } = this.#deps;
    const { account } = session;
    const steps = planUnavailable(
      session,
      connected,
      account.jid,
      account.sessions,
      account.roster ?? nobody,
    );
    const ends = session.inPresenceSession;
    const isRosterMissing = ends && account.roster === undefined;
    registry.setAvailable(session, false);
    session.clearBecomingAvailable();
    session.presence = undefined;
    session.priority = 0;
    session.forgetAllDirected();
    if (ends && !account.hasAvailable()) {
      lastUnavailable.keep(account.jid, keptPresence(stanza, account.jid, texts), at);
    }
    rosters.releaseUnused(account);
    const performed = plans.perform(session, stanza, steps, at, cause);
    if (!isRosterMissing) return performed;
    return Promise.all([performed, this.#tellSubscribers(session, stanza, at, cause)]).then(ignore);
  }

  /** Whoever got directed presence as well gets the same thing twice, under the same id. */
  async #tellSubscribers(
    session: Session,
    stanza: Stanza,
    at: number,
    cause: Cause | undefined,
  ): Promise<void> {
    const { rosters, plans, logger } = this.#deps;
    const { account } = session;
    const span = activeSpan();
    for (let attempt = 1; attempt <= ROSTER_ATTEMPTS; attempt += 1) {
      try {
        const { subscribers } = await withSpan(span, () => rosters.hold(account));
        const steps = [{ kind: "broadcast", to: subscribers }] as const;
        await withSpan(span, () => plans.perform(session, stanza, steps, at, cause));
        rosters.releaseUnused(account);
        return;
      } catch (error) {
        if (!(error instanceof BusError) || error.code === "fenced") throw error;
        if (attempt === ROSTER_ATTEMPTS) {
          withSpan(span, () => {
            logger.error({ event: "presence.contacts-not-told", account: account.jid, error });
          });
        }
      }
    }
  }
}

function ignore(): void {}
