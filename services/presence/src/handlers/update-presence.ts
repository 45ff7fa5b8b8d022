import { type PresenceAudience, planAvailable, readBroadcastPresence } from "@rollcall/rfc6121";
import type { Stanza } from "@rollcall/xmpp";
import type { Cause } from "../fan-out/cause.ts";
import type { PerformPlan } from "../fan-out/perform-plan.ts";
import type { Session, SessionRegistry } from "../sessions/session-registry.ts";
import { type SharedTexts, standingAlone } from "../sessions/shared-texts.ts";

export interface UpdatePresenceDeps {
  readonly registry: SessionRegistry;
  readonly plans: PerformPlan;
  readonly texts: SharedTexts;
}

/** Available presence without `to`: recorded, and told to everybody who may know (RFC 6121, 4.2.2 and 4.4.2). */
export class UpdatePresence {
  readonly #deps: UpdatePresenceDeps;

  constructor(deps: UpdatePresenceDeps) {
    this.#deps = deps;
  }

  /** @param at when the server got the stanza, in milliseconds since the epoch. */
  handle(
    session: Session,
    audience: PresenceAudience,
    stanza: Stanza,
    at: number,
    cause: Cause | undefined,
  ): Promise<void> {
    const { registry, plans, texts } = this.#deps;
    const { stanza: presence, priority } = readBroadcastPresence(stanza);
    const steps = planAvailable(session, priority, session.account.sessions, audience);
    session.presence = keptPresence(presence, session.jid, texts);
    session.presenceAt = at;
    session.presenceOrder = ++session.account.presences;
    session.priority = priority;
    registry.setAvailable(session, true);
    session.clearBecomingAvailable();
    return plans.perform(session, presence, steps, at, cause);
  }
}

/** The stanza as it is kept for hours: with no hold on the chunk of the stream that it was cut from. */
export function keptPresence(stanza: Stanza, from: string, texts: SharedTexts): Stanza {
  return {
    kind: stanza.kind,
    type: stanza.type,
    to: undefined,
    from,
    id: stanza.id === undefined ? undefined : standingAlone(stanza.id),
    lang: stanza.lang === undefined ? undefined : texts.share(stanza.lang),
    extraAttributes: texts.share(stanza.extraAttributes),
    payload: texts.share(stanza.payload),
    childName: stanza.childName === undefined ? undefined : texts.share(stanza.childName),
    childNamespace: stanza.childNamespace === undefined ? undefined : texts.share(stanza.childNamespace),
    childCount: stanza.childCount,
  };
}
