/**
 * Who is here: the sessions of the accounts that this owner has, in memory.
 *
 * There are hundreds of thousands of sessions, most of them idle, so a session is one small object without closures, its
 * node is an object shared with all other sessions there, and what only few of them need is absent until then.
 */
import type { SessionRef } from "@rollcall/contracts";
import type { PresenceResource } from "@rollcall/rfc6121";
import { type BareJid, escapeAttribute, type FullJid, makeFull, type Stanza } from "@rollcall/xmpp";
import type { PresenceCounters } from "../counters.ts";
import type { Cause } from "../fan-out/cause.ts";
import type { NodeOutbox, Outbox } from "../fan-out/outbox.ts";
import type { HeldRoster } from "../roster-view/held-roster.ts";
import type { RosterLoading } from "../roster-view/roster-keeper.ts";

const AVAILABLE = 1;
const INTERESTED = 2;
const GONE = 4;
const ENDED = 8;
const ENDING = 16;
const BECOMING = 32;

const nobody: readonly string[] = [];

/** A connected resource. */
export class Session implements PresenceResource {
  readonly account: AccountSessions;
  readonly node: NodeOutbox;
  readonly handle: number;
  readonly jid: FullJid;
  /** Of the last available presence; counts only while the session is available. */
  priority = 0;
  /** The last available presence without `to`, while the session is available. */
  presence: Stanza | undefined = undefined;
  /** When the server got it, in milliseconds since the epoch. */
  presenceAt = 0;
  /** As of which version the roster was last answered; 0 where another owner did that. */
  rosterVersion = 0;
  /** The highest version that it was told of by this owner, with a push or an answer. */
  toldVersion = 0;
  /** Grows with every available presence of the account: which of two came later, whatever the clock says. */
  presenceOrder = 0;
  #flags = 0;
  #directed: Set<string> | undefined = undefined;
  #pushes = 0;

  constructor(account: AccountSessions, node: NodeOutbox, handle: number, jid: FullJid) {
    this.account = account;
    this.node = node;
    this.handle = handle;
    this.jid = jid;
  }

  get resource(): string {
    return this.jid.slice(this.account.jid.length + 1);
  }

  /** Has sent initial presence and not become unavailable since, and is not known to be gone. */
  get available(): boolean {
    return (this.#flags & (AVAILABLE | GONE)) === AVAILABLE;
  }

  /**
   * Available, or its initial presence is on its way for the second time: the owner before may have handled it, and
   * told the session of others.
   */
  get getsPresence(): boolean {
    return (this.#flags & (AVAILABLE | BECOMING)) !== 0 && !this.gone;
  }

  /** In a presence session, even if its stream was just found to be gone: unavailable presence is still owed. */
  get inPresenceSession(): boolean {
    return (this.#flags & AVAILABLE) !== 0;
  }

  /** Gets roster pushes (RFC 6121, 2.2). */
  get interested(): boolean {
    return (this.#flags & INTERESTED) !== 0;
  }

  /** Its node says that there is no such stream any more; `end-session` follows. */
  get gone(): boolean {
    return (this.#flags & GONE) !== 0;
  }

  /** Its node is dead; its end is going to be told. */
  get isEndingWithNode(): boolean {
    return (this.#flags & ENDING) !== 0;
  }

  /** Not in the registry any more. */
  get ended(): boolean {
    return (this.#flags & ENDED) !== 0;
  }

  get directed(): Iterable<string> {
    return this.#directed ?? nobody;
  }

  get directedCount(): number {
    return this.#directed?.size ?? 0;
  }

  hasDirected(target: string): boolean {
    return this.#directed?.has(target) ?? false;
  }

  rememberDirected(target: string): void {
    this.#directed ??= new Set();
    this.#directed.add(target);
  }

  forgetDirected(target: string): void {
    if (this.#directed === undefined) return;
    this.#directed.delete(target);
    if (this.#directed.size === 0) this.#directed = undefined;
  }

  forgetAllDirected(): void {
    this.#directed = undefined;
  }

  /** The number of the session's next roster push. A count of the whole server would tell clients of others. */
  countPush(): number {
    this.#pushes += 1;
    return this.#pushes;
  }

  /** A number that no push of an earlier owner has had, for a session taken over from it. */
  countPushesFrom(start: number): void {
    this.#pushes = start;
  }

  markInterested(): void {
    this.#flags |= INTERESTED;
  }

  markBecomingAvailable(): void {
    this.#flags |= BECOMING;
  }

  /** Its initial presence was handled, or refused. */
  clearBecomingAvailable(): void {
    this.#flags &= ~BECOMING;
  }

  markEndingWithNode(): void {
    this.#flags |= GONE | ENDING;
  }

  markGone(): void {
    this.#flags |= GONE;
  }

  /** For the registry. */
  setAvailable(available: boolean): void {
    if (available) this.#flags |= AVAILABLE;
    else this.#flags &= ~AVAILABLE;
  }

  /** For the registry. */
  markEnded(): void {
    this.#flags |= ENDED;
  }

  /** Puts stanzas, as XML, into the outbox of the session's node, whose `write` this is. */
  write(xml: string, id?: string, cause?: Cause): void {
    this.node.write(this.handle, xml, id, cause);
  }
}

/** An account with at least one session here. */
export class AccountSessions {
  readonly jid: BareJid;
  /** The JID as it stands in a `to`. */
  readonly escapedJid: string;
  /** In the order in which they were bound. */
  readonly sessions: Session[] = [];
  /** Held while a session is available or interested. */
  roster: HeldRoster | undefined = undefined;
  rosterLoading: RosterLoading | undefined = undefined;
  /** Available presence of its sessions so far. */
  presences = 0;

  constructor(jid: BareJid) {
    this.jid = jid;
    this.escapedJid = escapeAttribute(jid);
  }

  /** The session with this full JID that is not known to be gone. */
  byJid(jid: string): Session | undefined {
    for (const session of this.sessions) if (session.jid === jid && !session.gone) return session;
    return undefined;
  }

  byRef(ref: SessionRef): Session | undefined {
    for (const session of this.sessions) {
      if (session.handle === ref.session && session.node.nodeId === ref.node) return session;
    }
    return undefined;
  }

  hasAvailable(): boolean {
    return this.sessions.some((session) => session.available);
  }
}

export class SessionRegistry {
  readonly #accounts = new Map<string, AccountSessions>();
  readonly #outbox: Outbox;
  readonly #counters: PresenceCounters;

  constructor(outbox: Outbox, counters: PresenceCounters) {
    this.#outbox = outbox;
    this.#counters = counters;
  }

  /** The account, if it has sessions. */
  find(account: string): AccountSessions | undefined {
    return this.#accounts.get(account);
  }

  findSession(account: string, ref: SessionRef): Session | undefined {
    return this.#accounts.get(account)?.byRef(ref);
  }

  accounts(): IterableIterator<AccountSessions> {
    return this.#accounts.values();
  }

  add(jid: BareJid, ref: SessionRef, resource: string): Session {
    let account = this.#accounts.get(jid);
    if (account === undefined) {
      account = new AccountSessions(jid);
      this.#accounts.set(account.jid, account);
      this.#counters.accounts++;
    }
    const node = this.#outbox.node(ref.node);
    node.retain();
    const session = new Session(account, node, ref.session, makeFull(account.jid, resource));
    account.sessions.push(session);
    this.#counters.sessions++;
    return session;
  }

  /** Forgets an account whose owner is another process now. Nobody is told. */
  forget(account: AccountSessions): void {
    for (const session of account.sessions) {
      this.setAvailable(session, false);
      session.markEnded();
      session.node.release();
    }
    this.#counters.sessions -= account.sessions.length;
    account.sessions.length = 0;
    if (this.#accounts.delete(account.jid)) this.#counters.accounts--;
  }

  setAvailable(session: Session, available: boolean): void {
    if (session.inPresenceSession === available) return;
    session.setAvailable(available);
    this.#counters.availableSessions += available ? 1 : -1;
  }

  /** Takes the session out; whoever ends it tells the others first. Harmless when it is out already. */
  remove(session: Session): void {
    if (session.ended) return;
    this.setAvailable(session, false);
    session.markEnded();
    session.node.release();
    this.#counters.sessions--;
    const { account } = session;
    account.sessions.splice(account.sessions.indexOf(session), 1);
    if (account.sessions.length > 0) return;
    this.#accounts.delete(account.jid);
    this.#counters.accounts--;
  }
}
