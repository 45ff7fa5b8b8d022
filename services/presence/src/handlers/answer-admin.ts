import type { AccountStore } from "@rollcall/accounts";
import type { PresenceAdminAnswer, PresenceAdminQuestion, SessionSummary } from "@rollcall/contracts";
import type { BareJid } from "@rollcall/xmpp";
import type { Session, SessionRegistry } from "../sessions/session-registry.ts";
import type { EndSession } from "./end-session.ts";

export interface AnswerAdminDeps {
  readonly registry: SessionRegistry;
  readonly accounts: Pick<AccountStore, "forget">;
  readonly endSession: EndSession;
  readonly now: () => number;
}

/** What operators ask about the sessions of an account, and ending them. The answer shows them as they were. */
export class AnswerAdmin {
  readonly #deps: AnswerAdminDeps;

  constructor(deps: AnswerAdminDeps) {
    this.#deps = deps;
  }

  async handle(account: BareJid, question: PresenceAdminQuestion): Promise<PresenceAdminAnswer> {
    const { registry, accounts, endSession, now } = this.#deps;
    const sessions = [...(registry.find(account)?.sessions ?? [])];
    const summaries = sessions.map(summary);
    if (question.kind === "end-sessions") {
      // Where the account was removed, nobody binds a resource of it any more.
      accounts.forget(account);
      const told = sessions.map((session) => {
        session.node.close(session.handle, "policy-violation", "ended by an operator");
        return endSession.end(session, now());
      });
      await Promise.all(told);
    }
    return { sessions: summaries };
  }
}

function summary(session: Session): SessionSummary {
  return {
    node: session.node.nodeId,
    resource: session.resource,
    available: session.available,
    interested: session.interested,
    priority: session.priority,
  };
}
