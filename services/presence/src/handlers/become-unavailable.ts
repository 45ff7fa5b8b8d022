import { type PresenceAudience, planUnavailable } from "@rollcall/rfc6121";
import type { Stanza } from "@rollcall/xmpp";
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
}

/** A session that was never available has nobody in its roster to tell. */
const nobody: PresenceAudience = { subscribers: [], watched: [] };

/** Unavailable presence without `to`, sent by the client or in its name (RFC 6121, 4.5.2). */
export class BecomeUnavailable {
  readonly #deps: BecomeUnavailableDeps;

  constructor(deps: BecomeUnavailableDeps) {
    this.#deps = deps;
  }

  /**
   * The new state is recorded, and everything published, before this returns its promise.
   *
   * @param connected whether the stream is still there to get the reflection.
   */
  handle(session: Session, stanza: Stanza, at: number, connected: boolean): Promise<void> {
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
    registry.setAvailable(session, false);
    session.presence = undefined;
    session.priority = 0;
    session.forgetAllDirected();
    if (ends && !account.hasAvailable()) {
      lastUnavailable.keep(account.jid, keptPresence(stanza, account.jid, texts), at);
    }
    rosters.releaseUnused(account);
    return plans.perform(session, stanza, steps, at);
  }
}
