import { presenceTypeOf } from "@rollcall/rfc6121";
import { errorReply, type Stanza, type StanzaErrorCondition, serializeStanza } from "@rollcall/xmpp";
import type { PresenceCounters } from "../counters.ts";
import { answerId } from "../delivery/send-back.ts";
import type { Cause } from "../fan-out/cause.ts";
import type { OwnerPost } from "../fan-out/owner-post.ts";
import type { LocalDomains } from "../local-domains.ts";
import type { Session } from "../sessions/session-registry.ts";
import { standingAlone } from "../sessions/shared-texts.ts";

export interface DirectPresenceDeps {
  readonly post: OwnerPost;
  readonly domains: LocalDomains;
  readonly counters: PresenceCounters;
  /** Targets that one session may have. */
  readonly limit: number;
}

/**
 * Presence with a `to` (RFC 6121, 4.6): passed on as it is, and remembered, so that whoever was told of the resource is
 * told when it goes. Probes and errors are only passed on.
 *
 * Subscribers are remembered as well; if one is still a subscriber when the resource goes, the broadcast reaches it.
 */
export class DirectPresence {
  readonly #deps: DirectPresenceDeps;

  constructor(deps: DirectPresenceDeps) {
    this.#deps = deps;
  }

  /** @throws {BusError} `fenced` */
  async handle(session: Session, stanza: Stanza, at: number, cause: Cause | undefined): Promise<void> {
    const { post, domains, counters, limit } = this.#deps;
    const target = stanza.to;
    if (target === undefined) return;
    const type = presenceTypeOf(stanza.type);
    if (!domains.isAccount(target) && !domains.isServer(target)) {
      // The rule against errors is about probes and errors (4.3; RFC 6120, 8.3.1).
      if (type === "available") refuse(session, stanza, "remote-server-not-found", cause);
      return;
    }
    if (type === "available") {
      if (!session.hasDirected(target)) {
        if (session.directedCount >= limit) {
          refuse(session, stanza, "resource-constraint", cause);
          return;
        }
        session.rememberDirected(standingAlone(target));
      }
      counters.directedPresence++;
    } else if (type === "unavailable") session.forgetDirected(target);
    else if (type !== "probe" && type !== "error") return;
    if (domains.isAccount(target)) await post.deliver(stanza, at, cause?.id);
  }
}

function refuse(
  session: Session,
  stanza: Stanza,
  condition: StanzaErrorCondition,
  cause: Cause | undefined,
): void {
  session.write(serializeStanza(errorReply(stanza, condition)), answerId(cause), cause);
}
