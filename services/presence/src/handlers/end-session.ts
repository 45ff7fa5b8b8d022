import { makeStanza } from "@rollcall/xmpp";
import type { PresenceCounters } from "../counters.ts";
import { Cause } from "../fan-out/cause.ts";
import type { RosterKeeper } from "../roster-view/roster-keeper.ts";
import type { Session, SessionRegistry } from "../sessions/session-registry.ts";
import type { BecomeUnavailable } from "./become-unavailable.ts";

export interface EndSessionDeps {
  readonly registry: SessionRegistry;
  readonly rosters: RosterKeeper;
  readonly becomeUnavailable: BecomeUnavailable;
  readonly counters: PresenceCounters;
  /** Whether another owner may say the end of a session again. */
  readonly mayRepeat: boolean;
}

/** The stream is gone, or will be: what the session still owes to others is said in its name, once. */
export class EndSession {
  readonly #deps: EndSessionDeps;

  constructor(deps: EndSessionDeps) {
    this.#deps = deps;
  }

  /**
   * The session is out of the registry when this returns; the promise waits for those who are told.
   * @throws {BusError} `fenced`
   */
  end(session: Session, at: number): Promise<void> {
    const { registry, rosters, becomeUnavailable, counters, mayRepeat } = this.#deps;
    if (session.ended) return Promise.resolve();
    counters.ended++;
    const unavailable = makeStanza("presence", { type: "unavailable", from: session.jid });
    const cause = mayRepeat ? new Cause(endId(session.node.nodeId, session.handle)) : undefined;
    const told = becomeUnavailable.handle(session, unavailable, at, false, cause);
    registry.remove(session);
    rosters.releaseUnused(session.account);
    return cause === undefined ? told : told.then(() => cause.handedOver());
  }
}

/** Names the end of a session: the same whoever says it, the owner that was there or one that finds out later. */
export function endId(node: string, session: number): string {
  return `end/${node}/${session}`;
}
