/**
 * What the roster owner of an account wants done for it after a write: answers, pushes, deliveries, and presence for
 * contacts whose subscription changed. Performed in order.
 *
 * Effects may come twice (the bus delivers at least once). A changed contact is the whole truth about that contact,
 * an answer or a push that repeats an earlier one changes nothing at the client, and presence says what is so now;
 * therefore nothing is remembered of effects that were performed.
 */
import type { AccountEffect, AccountEffects, SessionRef } from "@rollcall/contracts";
import { withDelay } from "@rollcall/xeps";
import {
  type BareJid,
  bareOf,
  escapeAttribute,
  makeStanza,
  NS,
  type Stanza,
  serializeStanza,
} from "@rollcall/xmpp";
import type { PresenceCounters } from "../counters.ts";
import type { AccountGate } from "../delivery/account-gate.ts";
import type { OfflineMessages } from "../delivery/store-offline.ts";
import type { OwnerPost } from "../fan-out/owner-post.ts";
import type { LocalDomains } from "../local-domains.ts";
import type { RosterKeeper } from "../roster-view/roster-keeper.ts";
import type { LastUnavailablePresence } from "../sessions/last-unavailable.ts";
import type { AccountSessions, Session, SessionRegistry } from "../sessions/session-registry.ts";
import type { EndSession } from "./end-session.ts";

export interface ApplyAccountEffectsDeps {
  readonly registry: SessionRegistry;
  readonly rosters: RosterKeeper;
  readonly post: OwnerPost;
  readonly endSession: EndSession;
  readonly offline: OfflineMessages;
  readonly gate: AccountGate;
  readonly lastUnavailable: LastUnavailablePresence;
  readonly domains: LocalDomains;
  readonly counters: PresenceCounters;
}

export class ApplyAccountEffects {
  readonly #deps: ApplyAccountEffectsDeps;

  constructor(deps: ApplyAccountEffectsDeps) {
    this.#deps = deps;
  }

  async handle(account: BareJid, { effects, revision, at }: AccountEffects): Promise<void> {
    for (const effect of effects) {
      this.#deps.counters.effects++;
      const waiting = this.#apply(account, effect, revision, at);
      if (waiting !== undefined) await waiting;
    }
  }

  #apply(account: BareJid, effect: AccountEffect, revision: number, at: number): void | Promise<void> {
    const here = this.#deps.registry.find(account);
    switch (effect.kind) {
      case "account-removed":
        return this.#removeAccount(account, here, at);
      case "answer-session":
        return this.#answer(here?.byRef(effect.session), effect.stanza, effect.becomesInterested);
      case "push-item":
        return this.#push(here, effect.item, effect.version, effect.only);
      case "deliver-to-interested":
        return deliver(here, effect.stanza, (session) => session.interested);
      case "deliver-to-available":
        return deliver(here, effect.stanza, (session) => session.available);
      case "contact-changed":
        if (here !== undefined) this.#deps.rosters.follow(here, revision, effect);
        return;
      case "send-presence-to-contact":
        return this.#sendPresence(here, effect.contact);
      case "send-unavailable-to-contact":
        return this.#sendUnavailable(here, effect.contact);
    }
  }

  #answer(session: Session | undefined, stanza: Stanza, becomesInterested: boolean): void {
    if (session === undefined) return;
    session.write(serializeStanza(stanza));
    if (!becomesInterested || session.interested) return;
    session.markInterested();
    // Initial presence usually follows at once and needs it.
    this.#deps.rosters.prepare(session.account);
  }

  #push(
    here: AccountSessions | undefined,
    item: string,
    version: string,
    only: SessionRef | undefined,
  ): void {
    const query = `<query xmlns="${NS.roster}" ver="${escapeAttribute(version)}">${item}</query></iq>`;
    for (const session of here?.sessions ?? []) {
      if (only === undefined ? !session.interested : session !== here?.byRef(only)) continue;
      const to = escapeAttribute(session.jid);
      session.write(`<iq to="${to}" type="set" id="push-${session.countPush()}">${query}`);
    }
  }

  /** The contact may see the account from now on (RFC 6121, 3.1.5). */
  async #sendPresence(here: AccountSessions | undefined, contact: BareJid): Promise<void> {
    const { post, domains } = this.#deps;
    if (here === undefined || !domains.isAccount(contact)) return;
    const vouching = domains.domainOf(here.jid);
    const sent: Promise<void>[] = [];
    for (const session of here.sessions) {
      if (!session.available || session.presence === undefined) continue;
      const stanza = withDelay(session.presence, session.presenceAt, vouching);
      sent.push(post.fanOut([contact], { kind: "presence", stanza }));
    }
    await Promise.all(sent);
  }

  /** The contact may not see the account any more (3.2.2 r3, 3.3.3 r3), directed presence or not (4.6.1). */
  async #sendUnavailable(here: AccountSessions | undefined, contact: BareJid): Promise<void> {
    const { post, domains } = this.#deps;
    if (here === undefined) return;
    const sent: Promise<void>[] = [];
    for (const session of here.sessions) {
      if (!session.inPresenceSession) continue;
      for (const target of [...session.directed]) {
        if (bareOf(target) === contact) session.forgetDirected(target);
      }
      if (!domains.isAccount(contact)) continue;
      const stanza = makeStanza("presence", { type: "unavailable", from: session.jid });
      sent.push(post.fanOut([contact], { kind: "presence", stanza }));
    }
    await Promise.all(sent);
  }

  async #removeAccount(account: BareJid, here: AccountSessions | undefined, at: number): Promise<void> {
    const { endSession, offline, gate, lastUnavailable } = this.#deps;
    const told = [...(here?.sessions ?? [])].map((session) => {
      session.node.close(session.handle, "not-authorized", "the account was removed");
      return endSession.end(session, at);
    });
    await Promise.all(told);
    lastUnavailable.forget(account);
    await gate.run(account, () => offline.remove(account));
  }
}

/** The stanza as it is, its `to` too (RFC 6121, 8.5.2.1.2). */
function deliver(
  here: AccountSessions | undefined,
  stanza: Stanza,
  isRecipient: (session: Session) => boolean,
): void {
  const xml = serializeStanza(stanza);
  for (const session of here?.sessions ?? []) if (isRecipient(session)) session.write(xml);
}
