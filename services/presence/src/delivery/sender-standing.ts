import type { SenderStanding } from "@rollcall/rfc6121";
import { isDirectedTo } from "@rollcall/rfc6121";
import type { Logger } from "@rollcall/telemetry";
import { type BareJid, bareOf } from "@rollcall/xmpp";
import type { LocalDomains } from "../local-domains.ts";
import type { RosterViews } from "../roster-view/roster-view.ts";
import type { AccountSessions, Session } from "../sessions/session-registry.ts";

/** What an account knows of a sender, and whether there is such an account. */
export interface Standing extends SenderStanding {
  readonly exists: boolean;
}

const own: Standing = { exists: true, own: true, inRoster: true, subscribed: true, directed: false };

export interface StandingDeps {
  readonly views: RosterViews;
  readonly domains: LocalDomains;
  readonly logger: Logger;
}

/** Tells from the roster of the recipient who a sender is to it (RFC 6121, 8.1). */
export class SenderStandings {
  readonly #deps: StandingDeps;

  constructor(deps: StandingDeps) {
    this.#deps = deps;
  }

  /**
   * @param account bare JID of the recipient.
   * @param here its sessions, if it has any.
   * @param sender bare or full JID.
   * @param session only directed presence from this one counts; `undefined`: from any.
   * @returns at once where the roster is held; `undefined` where nobody could be asked.
   */
  of(
    account: BareJid,
    here: AccountSessions | undefined,
    sender: string,
    session?: Session,
  ): Standing | Promise<Standing | undefined> {
    const bareSender = bareOf(sender);
    if (bareSender === account || this.#deps.domains.isServer(sender)) return own;
    const directed = here !== undefined && hasDirectedPresence(session ? [session] : here.sessions, sender);
    const held = here?.roster;
    if (held !== undefined) return { exists: true, own: false, ...held.standing(bareSender), directed };
    return this.#ask(account, bareSender, directed);
  }

  async #ask(account: BareJid, sender: BareJid, directed: boolean): Promise<Standing | undefined> {
    try {
      const answer = await this.#deps.views.contact(account, sender);
      const subscribed = answer.subscription === "from" || answer.subscription === "both";
      return { exists: answer.exists, own: false, inRoster: answer.inRoster, subscribed, directed };
    } catch (error) {
      this.#deps.logger.warn({ event: "presence.sender-not-known", account, error });
      return undefined;
    }
  }
}

/** Whether one of the sessions has sent directed presence to the entity, or to the account it belongs to. */
export function hasDirectedPresence(sessions: readonly Session[], entity: string): boolean {
  return sessions.some((session) => {
    for (const target of session.directed) if (isDirectedTo(target, entity)) return true;
    return false;
  });
}
