import { makeStanza } from "@rollcall/xmpp";
import type { PresenceCounters } from "../counters.ts";
import type { RosterKeeper } from "../roster-view/roster-keeper.ts";
import type { Session, SessionRegistry } from "../sessions/session-registry.ts";
import type { BecomeUnavailable } from "./become-unavailable.ts";

export interface EndSessionDeps {
  readonly registry: SessionRegistry;
  readonly rosters: RosterKeeper;
  readonly becomeUnavailable: BecomeUnavailable;
  readonly counters: PresenceCounters;
}

/** The stream is gone, or will be: what the session still owes to others is said in its name, once. */
export class EndSession {
  readonly #deps: EndSessionDeps;

  constructor(deps: EndSessionDeps) {
    this.#deps = deps;
  }

  /** The session is out of the registry when this returns; the promise waits for those who are told. */
  end(session: Session, at: number): Promise<void> {
    const { registry, rosters, becomeUnavailable, counters } = this.#deps;
    if (session.ended) return Promise.resolve();
    counters.ended++;
    const unavailable = makeStanza("presence", { type: "unavailable", from: session.jid });
    const told = becomeUnavailable.handle(session, unavailable, at, false);
    registry.remove(session);
    rosters.releaseUnused(session.account);
    return told;
  }
}
