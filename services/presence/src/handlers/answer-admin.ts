import type { AccountStore } from "@rollcall/accounts";
import type { PresenceAdminAnswer, PresenceAdminQuestion, SessionSummary } from "@rollcall/contracts";
import { type BareJid, NS, type Stanza, stanzaPayload } from "@rollcall/xmpp";
import type { LastUnavailablePresence } from "../sessions/last-unavailable.ts";
import type { Session, SessionRegistry } from "../sessions/session-registry.ts";
import type { EndSession } from "./end-session.ts";

export interface AnswerAdminDeps {
  readonly registry: SessionRegistry;
  readonly accounts: Pick<AccountStore, "forget">;
  readonly endSession: EndSession;
  readonly lastUnavailable: Pick<LastUnavailablePresence, "find">;
  readonly now: () => number;
}

/** What operators ask about the sessions of an account, and ending them. The answer shows them as they were. */
export class AnswerAdmin {
  readonly #deps: AnswerAdminDeps;

  constructor(deps: AnswerAdminDeps) {
    this.#deps = deps;
  }

  async handle(account: BareJid, question: PresenceAdminQuestion): Promise<PresenceAdminAnswer> {
    const { registry, accounts, endSession, lastUnavailable, now } = this.#deps;
    const here = registry.find(account);
    const sessions = [...(here?.sessions ?? [])];
    const contact = question.kind === "sessions" ? question.contact : undefined;
    const summaries = sessions.map((session) => summary(session, contact));
    if (question.kind === "end-sessions") {
      // Where the account was removed, nobody binds a resource of it any more.
      accounts.forget(account);
      const told = sessions.map((session) => {
        session.node.close(session.handle, "policy-violation", "ended by an operator");
        return endSession.end(session, now());
      });
      await Promise.all(told);
    }
    const lastUnavailableAt = lastUnavailable.find(account)?.at;
    return {
      sessions: summaries,
      ...(lastUnavailableAt === undefined ? {} : { lastUnavailableAt }),
      ...(contact === undefined || here?.roster === undefined
        ? {}
        : { tellsContact: here.roster.standing(contact).subscribed }),
    };
  }
}

function summary(session: Session, contact: BareJid | undefined): SessionSummary {
  const show = showOf(session.presence);
  return {
    node: session.node.nodeId,
    resource: session.resource,
    available: session.available,
    interested: session.interested,
    priority: session.priority,
    ...(show === undefined ? {} : { show }),
    ...(session.presence === undefined ? {} : { presenceAt: session.presenceAt }),
    ...(session.gone ? { leaving: true } : {}),
    ...(contact === undefined ? {} : { directed: hasDirected(session, contact) }),
  };
}

/** The contact itself, or one of its resources, has directed presence. */
function hasDirected(session: Session, contact: BareJid): boolean {
  if (session.hasDirected(contact)) return true;
  for (const target of session.directed) if (target.startsWith(`${contact}/`)) return true;
  return false;
}

/** RFC 6121, 4.7.2.1; anything else says nothing. */
function showOf(presence: Stanza | undefined): SessionSummary["show"] {
  if (presence === undefined || !presence.payload.includes("show")) return undefined;
  const show = stanzaPayload(presence)
    .find(({ name, namespace }) => name === "show" && namespace === NS.client)
    ?.text()
    .trim();
  return show === "away" || show === "chat" || show === "dnd" || show === "xa" ? show : undefined;
}
