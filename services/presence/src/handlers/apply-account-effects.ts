/**
 * What the roster owner of an account wants done for it after a write: answers, pushes, deliveries, and presence for
 * contacts whose subscription changed. Performed in order.
 *
 * Effects may come twice: from the bus, or because the roster owner performs a command again. A changed contact is the
 * whole truth about that contact, and presence says what is so now. What a client would see twice has an id made of the
 * command and of what is said, since a command that is performed again may be cut into messages in another way; a push
 * has one made of what it shows.
 */
import { createHash } from "node:crypto";
import type { AccountEffect, AccountEffects } from "@rollcall/contracts";
import { activeSpan, withSpan } from "@rollcall/telemetry";
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
import type { Cause } from "../fan-out/cause.ts";
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

type Answer = Extract<AccountEffect, { kind: "answer-session" }>;
type Push = Extract<AccountEffect, { kind: "push-item" }>;

/** What an effect belongs to. */
interface Context {
  readonly account: BareJid;
  readonly revision: number;
  readonly at: number;
  /** The command; `undefined` on a bus that repeats nothing. */
  readonly command: string | undefined;
  readonly cause: Cause | undefined;
  /** Who has asked for a subscription so that every available session has been told. */
  readonly told: ReadonlySet<string>;
}

export class ApplyAccountEffects {
  readonly #deps: ApplyAccountEffectsDeps;

  constructor(deps: ApplyAccountEffectsDeps) {
    this.#deps = deps;
  }

  /** @throws {BusError} `fenced` */
  async handle(
    account: BareJid,
    { id, effects, revision, at }: AccountEffects,
    cause: Cause | undefined,
  ): Promise<void> {
    const command = cause === undefined ? undefined : `${id.origin}/${id.session}/${id.sequence}`;
    const told = requestersTold(this.#deps.registry.find(account), effects);
    const context: Context = { account, revision, at, command, cause, told };
    const span = activeSpan();
    span?.set({ "xmpp.effects": effects.length });
    for (const effect of effects) {
      this.#deps.counters.effects++;
      const waiting = withSpan(span, () => this.#apply(effect, context));
      if (waiting !== undefined) await waiting;
    }
  }

  #apply(effect: AccountEffect, context: Context): void | Promise<void> {
    const { account } = context;
    const here = this.#deps.registry.find(account);
    switch (effect.kind) {
      case "account-removed":
        return this.#removeAccount(account, here, context.at);
      case "answer-session":
        return this.#answer(here?.byRef(effect.session), effect, context);
      case "push-item":
        return this.#push(here, effect, context);
      case "deliver-to-interested":
        return deliver(here, effect.stanza, context, (session) => session.interested);
      case "deliver-to-available":
        if (context.told.has(bareOf(effect.stanza.from ?? ""))) return;
        return deliver(here, effect.stanza, context, (session) => session.available);
      case "contact-changed":
        if (here !== undefined) this.#deps.rosters.follow(here, context.revision, effect);
        return;
      case "send-presence-to-contact":
        return this.#sendPresence(here, effect.contact);
      case "send-unavailable-to-contact":
        return this.#sendUnavailable(here, effect.contact, context);
    }
  }

  #answer(session: Session | undefined, { stanza, interestedFrom }: Answer, context: Context): void {
    if (session === undefined) return;
    session.write(serializeStanza(stanza), nameOf(context, "answer"), context.cause);
    if (interestedFrom === undefined) return;
    session.rosterVersion = Number(interestedFrom);
    session.toldVersion = Math.max(session.toldVersion, session.rosterVersion);
    if (session.interested) return;
    session.markInterested();
    // Initial presence usually follows at once and needs it.
    this.#deps.rosters.prepare(session.account);
  }

  #push(here: AccountSessions | undefined, effect: Push, context: Context): void {
    const { item, version, only, again } = effect;
    const id = pushName(context, effect);
    const number = Number(version);
    for (const session of here?.sessions ?? []) {
      if (only === undefined ? !session.interested : session !== here?.byRef(only)) continue;
      if (again && number <= session.rosterVersion) continue;
      // Late, since a roster owner died before it could tell: what the session has afterwards is the higher version. The
      // changes since a version that a session asks for come in their order, and may be cut off at any of them.
      const isLate = only === undefined && number < session.toldVersion;
      const ver = isLate ? String(session.toldVersion) : version;
      session.toldVersion = Math.max(session.toldVersion, number);
      const to = escapeAttribute(session.jid);
      const start = `<iq to="${to}" type="set" id="push-${session.countPush()}">`;
      const query = `<query xmlns="${NS.roster}" ver="${escapeAttribute(ver)}">${item}</query></iq>`;
      session.write(start + query, id, context.cause);
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
  async #sendUnavailable(
    here: AccountSessions | undefined,
    contact: BareJid,
    context: Context,
  ): Promise<void> {
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
      const repetitionId = nameOf(context, `unavailable/${session.node.nodeId}/${session.handle}`);
      sent.push(post.fanOut([contact], { kind: "presence", stanza, repetitionId }));
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
const nobody: ReadonlySet<string> = new Set();

/**
 * Requests in the roster that is held here were told to each session when it became available, or when they came. One
 * of them comes again where the roster was read after the request had been written, or a command is performed again.
 */
function requestersTold(
  here: AccountSessions | undefined,
  effects: readonly AccountEffect[],
): ReadonlySet<string> {
  const held = here?.roster?.pendingRequests;
  if (held === undefined || held.length === 0) return nobody;
  if (!effects.some(({ kind }) => kind === "deliver-to-available")) return nobody;
  return new Set(held.map(({ from }) => bareOf(from ?? "")));
}

function deliver(
  here: AccountSessions | undefined,
  stanza: Stanza,
  context: Context,
  isRecipient: (session: Session) => boolean,
): void {
  const xml = serializeStanza(stanza);
  const id = nameOf(context, `${stanza.type}/${stanza.from}`);
  for (const session of here?.sessions ?? []) {
    if (isRecipient(session)) session.write(xml, id, context.cause);
  }
}

function nameOf({ command }: Context, what: string): string | undefined {
  return command === undefined ? undefined : `${command}/${what}`;
}

/**
 * A push is named after the state that it shows, whichever command tells of it: one that is performed again shows the
 * item as a later command has left it, which pushes that too. Changes that one session asked for it may ask for again.
 */
function pushName(context: Context, { item, version, only }: Push): string | undefined {
  if (context.command === undefined) return undefined;
  const state = `push/${version}/${digestOf(item)}`;
  return only === undefined ? state : nameOf(context, state);
}

function digestOf(item: string): string {
  return createHash("sha1").update(item).digest("base64url");
}
