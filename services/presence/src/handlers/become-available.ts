import { BusError } from "@rollcall/bus";
import { activeSpan, withSpan } from "@rollcall/telemetry";
import { errorReply, type Stanza, serializeStanza } from "@rollcall/xmpp";
import { answerId } from "../delivery/send-back.ts";
import type { Cause } from "../fan-out/cause.ts";
import type { HeldRoster } from "../roster-view/held-roster.ts";
import type { RosterKeeper } from "../roster-view/roster-keeper.ts";
import type { Session } from "../sessions/session-registry.ts";
import type { UpdatePresence } from "./update-presence.ts";

export interface BecomeAvailableDeps {
  readonly rosters: RosterKeeper;
  readonly updatePresence: UpdatePresence;
}

/**
 * Presence of an account whose roster is not here yet, initial presence most often (RFC 6121, 4.2): nobody can be told
 * before it is known who may be.
 */
export class BecomeAvailable {
  readonly #deps: BecomeAvailableDeps;

  constructor(deps: BecomeAvailableDeps) {
    this.#deps = deps;
  }

  async handle(session: Session, stanza: Stanza, at: number, cause: Cause | undefined): Promise<void> {
    const span = activeSpan();
    let roster: HeldRoster;
    try {
      roster = await this.#deps.rosters.hold(session.account);
    } catch (error) {
      if (!(error instanceof BusError)) throw error;
      session.clearBecomingAvailable();
      // The roster owner or its store is away. The session stays connected; the client may try again.
      const refusal = serializeStanza(errorReply(stanza, "resource-constraint"));
      withSpan(span, () => session.write(refusal, answerId(cause), cause));
      return;
    }
    if (session.ended) return;
    await withSpan(span, () => this.#deps.updatePresence.handle(session, roster, stanza, at, cause));
  }
}
