import type { AccountStore } from "@rollcall/accounts";
import type { BindAnswer, BindResource, SessionRef } from "@rollcall/contracts";
import { type BareJid, makeFull } from "@rollcall/xmpp";
import type { PresenceCounters } from "../counters.ts";
import type { EndedBefore } from "../sessions/ended-before.ts";
import type { AccountSessions, Session, SessionRegistry } from "../sessions/session-registry.ts";
import type { EndSession } from "./end-session.ts";

export interface BindResourceDeps {
  readonly accounts: Pick<AccountStore, "exists">;
  readonly registry: SessionRegistry;
  readonly endSession: EndSession;
  readonly endedBefore: EndedBefore;
  readonly counters: PresenceCounters;
  /** What happens to a client that asks for a resource in use (RFC 6120, 7.7.2.2). */
  readonly onConflict: "override" | "refuse" | "replace";
  readonly resourcesPerAccount: number;
  /** Which nodes are there; `undefined` where there are no others than this process. */
  readonly nodes: NodePresence | undefined;
}

export interface NodePresence {
  /** Known to be dead, and not heard again since. */
  isDead(nodeId: string): boolean;
  /** Asks the node itself. */
  isThere(nodeId: string): Promise<boolean>;
}

/** Gives a session its full JID (RFC 6120, section 7). Asking again gives the same answer. */
export class BindResourceHandler {
  readonly #deps: BindResourceDeps;

  constructor(deps: BindResourceDeps) {
    this.#deps = deps;
  }

  /** @throws {StoreUnavailableError} when nobody knows whether the account is still there. */
  async handle(account: BareJid, question: BindResource): Promise<BindAnswer> {
    const { accounts, registry, counters, resourcesPerAccount } = this.#deps;
    // A client that logged in before its account was removed: whoever removes an account ends the sessions that there are.
    if (!(await accounts.exists(account))) {
      counters.bindRefused++;
      return { kind: "refused", condition: "not-allowed" };
    }
    const { session, generated, at } = question;
    const wanted = question.requested ?? generated;
    const jid = makeFull(account, wanted);
    if (this.#deps.nodes !== undefined) {
      // What a node said before it died comes late; nobody would end the session.
      if (this.#deps.nodes.isDead(session.node)) {
        counters.bindRefused++;
        return { kind: "refused", condition: "resource-constraint" };
      }
      await this.#lookAfter(this.#deps.nodes, holderOf(registry.find(account), jid), session);
    }
    // From here on nothing is waited for until the resource is taken.
    if (this.#deps.endedBefore.has(session)) {
      counters.bindRefused++;
      return { kind: "refused", condition: "resource-constraint" };
    }
    const here = registry.find(account);
    const known = here?.byRef(session);
    if (known !== undefined) return { kind: "bound", resource: known.resource };

    const holder = holderOf(here, jid);
    const claim = holder === undefined ? free(wanted) : this.#contest(holder, wanted, generated);
    if (claim.kind === "refused") {
      counters.bindRefused++;
      return claim;
    }
    const others = here?.sessions.filter((one) => !one.gone && one !== claim.replaces).length ?? 0;
    if (others >= resourcesPerAccount) {
      counters.bindRefused++;
      return { kind: "refused", condition: "resource-constraint" };
    }
    // The resource is taken before anything is waited for: nobody else can get it meanwhile.
    const told = claim.replaces === undefined ? undefined : this.#replace(claim.replaces, at);
    registry.add(account, session, claim.resource);
    counters.bound++;
    await told;
    return { kind: "bound", resource: claim.resource };
  }

  /** Marks the holder of a resource as gone whose node is not there: its death is noticed a little later. */
  async #lookAfter(nodes: NodePresence, holder: Session | undefined, asker: SessionRef): Promise<void> {
    if (holder === undefined || holder.gone || holder.node.nodeId === asker.node) return;
    if (!(await nodes.isThere(holder.node.nodeId))) holder.markGone();
  }

  /** Somebody has the resource. */
  #contest(holder: Session, wanted: string, generated: string): Claim {
    // Its stream is known to be dead: nobody loses anything.
    if (holder.gone) return { kind: "free", resource: wanted, replaces: holder };
    switch (this.#deps.onConflict) {
      case "override": {
        const taken = holderOf(holder.account, makeFull(holder.account.jid, generated)) !== undefined;
        return taken ? { kind: "refused", condition: "conflict" } : free(generated);
      }
      case "refuse":
        return { kind: "refused", condition: "conflict" };
      case "replace":
        return { kind: "free", resource: wanted, replaces: holder };
    }
  }

  #replace(holder: Session, at: number): Promise<void> {
    // Also where it is taken for gone: what says so may be wrong, and its client would never know.
    holder.node.close(holder.handle, "conflict", "replaced by a new session");
    return this.#deps.endSession.end(holder, at);
  }
}

/** What a session gets, and whose place it takes. */
type Claim =
  | { readonly kind: "free"; readonly resource: string; readonly replaces: Session | undefined }
  | { readonly kind: "refused"; readonly condition: "conflict" };

function free(resource: string): Claim {
  return { kind: "free", resource, replaces: undefined };
}

function holderOf(here: AccountSessions | undefined, jid: string): Session | undefined {
  return here?.sessions.find((session) => session.jid === jid);
}
