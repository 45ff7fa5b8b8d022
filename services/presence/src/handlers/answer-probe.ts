/**
 * Presence probes (RFC 6121, 4.3.2 and 4.6.6), answered by the owner of the contact.
 *
 * A subscriber gets the presence of every available resource, or the last unavailable presence; for a full JID it gets
 * that resource and no details. Somebody who was sent directed presence gets the mere availability of that resource.
 * Everybody else who sends a probe is told `unsubscribed`, whether or not there is such an account. A probe that the
 * server made by itself has no such answer: nobody loses a contact by logging in (docs/adr/0007).
 */

import type { SessionRef } from "@rollcall/contracts";
import { isDirectedTo, mereAvailability } from "@rollcall/rfc6121";
import { carrySpan } from "@rollcall/telemetry";
import { withDelay } from "@rollcall/xeps";
import { type BareJid, bareOf, makeStanza, type Stanza, serializeStanza } from "@rollcall/xmpp";
import type { PresenceCounters } from "../counters.ts";
import type { SendBack } from "../delivery/send-back.ts";
import type { SenderStandings, Standing } from "../delivery/sender-standing.ts";
import type { Cause } from "../fan-out/cause.ts";
import type { OwnerPost } from "../fan-out/owner-post.ts";
import type { LocalDomains } from "../local-domains.ts";
import type { LastUnavailablePresence } from "../sessions/last-unavailable.ts";
import type { AccountSessions, Session, SessionRegistry } from "../sessions/session-registry.ts";

export interface AnswerProbeDeps {
  readonly standings: SenderStandings;
  readonly lastUnavailable: LastUnavailablePresence;
  readonly registry: SessionRegistry;
  readonly post: OwnerPost;
  readonly sendBack: SendBack;
  readonly domains: LocalDomains;
  readonly counters: PresenceCounters;
  readonly now: () => number;
  /** What a client without a subscription is told that sends a probe. */
  readonly unauthorised: "unsubscribed" | "ignore";
}

export interface Probe {
  /** Bare JID of the contact that is asked about. */
  readonly account: BareJid;
  /** The full JID asked about; `undefined` for the account. */
  readonly resource: string | undefined;
  /** Who asks, bare or full. */
  readonly prober: string;
  /** A client sent the probe, or the server makes it in the name of one that became available. */
  readonly madeBy: "client" | "server";
  /** The session that gets the answers; `undefined`: the address in `replyAddress`. */
  readonly replyTo: SessionRef | undefined;
  /** The `to` of the answers. */
  readonly replyAddress: string;
  readonly id: string | undefined;
  /** Waits until the node has the answers. */
  readonly cause: Cause | undefined;
}

export class AnswerProbe {
  readonly #deps: AnswerProbeDeps;

  constructor(deps: AnswerProbeDeps) {
    this.#deps = deps;
  }

  /** @returns a promise where the roster had to be asked for. */
  answer(probe: Probe, here: AccountSessions | undefined): void | Promise<void> {
    const standing = this.#deps.standings.of(probe.account, here, probe.prober);
    if (standing instanceof Promise)
      return standing.then(carrySpan((known) => this.#answerTo(probe, here, known)));
    this.#answerTo(probe, here, standing);
  }

  #answerTo(probe: Probe, here: AccountSessions | undefined, standing: Standing | undefined): void {
    const { counters } = this.#deps;
    if (standing === undefined) {
      // Not known is not the same as not authorised: no answer rather than a wrong one.
      counters.probesUnanswered++;
      return;
    }
    const authorised = standing.exists && (standing.own || standing.subscribed);
    if (authorised) {
      counters.probesAnswered++;
      if (probe.resource === undefined) this.#tellAll(probe, here);
      else this.#tellOne(probe, here, probe.resource);
    } else if (standing.directed && this.#tellDirected(probe, here)) counters.probesAnswered++;
    else this.#refuse(probe);
  }

  /** Rules 3 and 4: everything about everything. */
  #tellAll(probe: Probe, here: AccountSessions | undefined): void {
    const { domains } = this.#deps;
    let told = false;
    for (const session of here?.sessions ?? []) {
      if (!session.available || session.presence === undefined) continue;
      const presence = { ...session.presence, to: probe.replyAddress };
      this.#tell(probe, withDelay(presence, session.presenceAt, domains.domainOf(probe.account)));
      told = true;
    }
    if (told) return;
    const last = this.#deps.lastUnavailable.find(probe.account);
    if (last === undefined) this.#tell(probe, unavailable(probe, probe.account));
    else {
      const stanza = { ...last.stanza, from: probe.account, to: probe.replyAddress, id: probe.id };
      this.#tell(probe, withDelay(stanza, last.at, domains.domainOf(probe.account)));
    }
  }

  /** A probe to a full JID by a subscriber: that resource, without details. */
  #tellOne(probe: Probe, here: AccountSessions | undefined, resource: string): void {
    const session = here?.byJid(resource);
    if (session?.available && session.presence !== undefined) {
      this.#tell(probe, mereAvailability({ ...session.presence, to: probe.replyAddress }));
    } else this.#tell(probe, unavailable(probe, resource));
  }

  /** Section 4.6.6: only what directed presence has revealed. */
  #tellDirected(probe: Probe, here: AccountSessions | undefined): boolean {
    let told = false;
    for (const session of here?.sessions ?? []) {
      if (probe.resource !== undefined && session.jid !== probe.resource) continue;
      if (session.gone || !sentDirected(session, probe.prober)) continue;
      this.#tell(probe, makeStanza("presence", { from: session.jid, to: probe.replyAddress }));
      told = true;
    }
    return told;
  }

  #refuse(probe: Probe): void {
    const { counters, domains, post, unauthorised, now } = this.#deps;
    counters.probesRefused++;
    const prober = bareOf(probe.prober);
    if (probe.madeBy === "server" || unauthorised === "ignore" || !domains.isAccount(prober)) return;
    // For the roster of the prober, which ends a subscription that this side does not know of.
    const stanza = makeStanza("presence", {
      type: "unsubscribed",
      from: probe.account,
      to: prober,
      id: probe.id,
    });
    void post.subscription(stanza, now());
  }

  /**
   * By the owner of the prober, as all presence of the contact: an answer of this process that reached the node late
   * would undo what the contact has become since. Where that owner is this process, at once.
   */
  #tell({ prober, replyTo, cause }: Probe, stanza: Stanza): void {
    const { registry, sendBack } = this.#deps;
    const session = replyTo && registry.findSession(bareOf(prober), replyTo);
    // What is so now may be said again.
    if (session === undefined) sendBack.reply(stanza, undefined, cause);
    else session.write(serializeStanza(stanza), undefined, cause);
  }
}

function unavailable(probe: Probe, from: string): Stanza {
  return makeStanza("presence", { type: "unavailable", from, to: probe.replyAddress, id: probe.id });
}

function sentDirected(session: Session, prober: string): boolean {
  for (const target of session.directed) if (isDirectedTo(target, prober)) return true;
  return false;
}
