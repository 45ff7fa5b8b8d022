import { bareOf, errorReply, type Stanza, type StanzaErrorCondition, serializeStanza } from "@rollcall/xmpp";
import type { PresenceCounters } from "../counters.ts";
import type { Cause } from "../fan-out/cause.ts";
import type { OwnerPost } from "../fan-out/owner-post.ts";
import type { LocalDomains } from "../local-domains.ts";
import type { SessionRegistry } from "../sessions/session-registry.ts";
import type { AccountGate } from "./account-gate.ts";

export interface SendBackDeps {
  readonly registry: SessionRegistry;
  readonly gate: AccountGate;
  readonly post: OwnerPost;
  readonly domains: LocalDomains;
  readonly counters: PresenceCounters;
  readonly now: () => number;
}

/**
 * Answers to senders. No queue waits for them: an owner that waited for another owner's queue could wait for itself. What
 * they answer counts as done when they are taken, since answers are never answered.
 */
export class SendBack {
  readonly #deps: SendBackDeps;

  constructor(deps: SendBackDeps) {
    this.#deps = deps;
  }

  /**
   * Sends a stanza of the server's own to its `to`: straight to the session where that is here.
   * @param repetitionId where it must not be seen twice.
   */
  reply(stanza: Stanza, repetitionId: string | undefined, cause: Cause | undefined): void {
    const { registry, gate, post, domains, now } = this.#deps;
    const to = stanza.to;
    if (to === undefined || !domains.isAccount(to)) return;
    const account = bareOf(to);
    // A session here gets it at once, unless that would overtake what its account waits for.
    const session = gate.isHeld(account) ? undefined : registry.find(account)?.byJid(to);
    if (session === undefined) {
      const sending = post.deliver(stanza, now(), repetitionId);
      cause?.waitFor(sending);
    } else session.write(serializeStanza(stanza), repetitionId, cause);
  }

  /** Returns a stanza with an error. The caller has made sure that it may be answered (RFC 6120, 8.3.1). */
  error(stanza: Stanza, condition: StanzaErrorCondition, cause: Cause | undefined): void {
    this.#deps.counters.bounced++;
    this.reply(errorReply(stanza, condition), answerId(cause), cause);
  }
}

/** Names the answer to what `cause` is about. */
export function answerId(cause: Cause | undefined): string | undefined {
  return cause === undefined ? undefined : `${cause.id}/answer`;
}
