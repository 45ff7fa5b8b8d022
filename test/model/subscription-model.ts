/**
 * What RFC 6121 says that people and their clients see of subscriptions, rosters and presence: a model of the whole
 * server, small enough to be read beside the RFC. It knows no time; one thing happens after the other.
 */
import {
  cellName,
  type Direction,
  type Effect,
  facetsOf,
  rowOf,
  type StanzaType,
  type State,
} from "./appendix-a.ts";

/** One account's view of one contact. */
export interface Side {
  state: State;
  approved: boolean;
  /** In the roster that clients see. */
  item: boolean;
  name: string;
  groups: readonly string[];
  /** Content of the request that waits for an answer. */
  request: string;
}

export interface ModelSession {
  readonly user: string;
  readonly resource: string;
  interested: boolean;
  /** Content of the presence, while available. */
  presence: string | undefined;
  /** What the session was told, in the words of `wordsOf` in the test. */
  readonly told: string[];
}

export interface ModelUser {
  readonly name: string;
  readonly exists: boolean;
  readonly sides: Map<string, Side>;
  readonly sessions: ModelSession[];
  /** Visible changes of the roster so far. */
  version: number;
  /** Content of the presence with which the last resource left. */
  farewell: string | undefined;
}

const stranger = (): Side => ({
  state: "None",
  approved: false,
  item: false,
  name: "",
  groups: [],
  request: "",
});

const flagless: readonly State[] = ["From", "From+PO", "Both"];

export class SubscriptionModel {
  readonly users = new Map<string, ModelUser>();
  readonly #reached: Map<string, number>;
  readonly #onTheWay: (() => void)[] = [];

  /** @param reached counts the cells that were reached, with `approved` in the name for pre-approved contacts. */
  constructor(reached: Map<string, number>) {
    this.#reached = reached;
  }

  addUser(name: string, exists: boolean): ModelUser {
    const user = { name, exists, sides: new Map(), sessions: [], version: 0, farewell: undefined };
    this.users.set(name, user);
    return user;
  }

  user(name: string): ModelUser {
    return this.users.get(name) as ModelUser;
  }

  side(owner: string, contact: string): Side {
    const { sides } = this.user(owner);
    const side = sides.get(contact) ?? stranger();
    sides.set(contact, side);
    return side;
  }

  sees(owner: string, contact: string): boolean {
    const { subscription } = facetsOf(this.side(owner, contact).state);
    return subscription === "to" || subscription === "both";
  }

  shows(owner: string, contact: string): boolean {
    const { subscription } = facetsOf(this.side(owner, contact).state);
    return subscription === "from" || subscription === "both";
  }

  available(user: string): ModelSession[] {
    return this.user(user).sessions.filter(({ presence }) => presence !== undefined);
  }

  /** The item as clients see it. */
  item(owner: string, contact: string): string {
    const { state, approved, name, groups } = this.side(owner, contact);
    const { subscription, ask } = facetsOf(state);
    return [
      contact,
      subscription,
      ...(ask ? ["ask"] : []),
      ...(approved ? ["approved"] : []),
      JSON.stringify(name),
      ...groups,
    ].join(" ");
  }

  roster(owner: string): string[] {
    const { sides } = this.user(owner);
    return [...sides].filter(([, side]) => side.item).map(([contact]) => this.item(owner, contact));
  }

  /** A subscription stanza of one user to another (A.2). */
  send(owner: string, contact: string, type: StanzaType, content: string): void {
    const side = this.side(owner, contact);
    const row = this.#row("out", type, side);
    const hadFlag = side.approved;
    side.state = row.next;
    if (row.effects.includes("approve")) side.approved = true;
    if (row.effects.includes("unapprove") || flagless.includes(side.state)) side.approved = false;
    this.#perform(owner, contact, row.effects, "before:unavailable");
    if (row.passes) this.#route(contact, owner, type, content);
    if (row.push || side.approved !== hadFlag) this.#push(owner, contact);
    this.#perform(owner, contact, row.effects, "after:presence");
    this.#arriveAll();
  }

  /** A roster set (2.3, 2.4). */
  set(owner: string, contact: string, name: string, groups: readonly string[]): void {
    Object.assign(this.side(owner, contact), { name, groups });
    this.#push(owner, contact);
  }

  /** Removal of an item (2.5). @returns whether there was one */
  remove(owner: string, contact: string): boolean {
    const side = this.side(owner, contact);
    if (!side.item) return false;
    const { subscription, ask, asked } = facetsOf(side.state);
    const saw = subscription === "to" || subscription === "both";
    const showed = subscription === "from" || subscription === "both";
    this.user(owner).sides.delete(contact);
    this.user(owner).version += 1;
    this.#tellInterested(owner, `push ${contact} remove ver ${this.user(owner).version}`);
    if (showed) this.#sendAbsence(owner, contact);
    if (saw || ask) this.#route(contact, owner, "unsubscribe", "");
    if (showed || asked) this.#route(contact, owner, "unsubscribed", "");
    this.#arriveAll();
    return true;
  }

  /** Presence without `to` (4.2, 4.4). */
  becomeAvailable(session: ModelSession, content: string): void {
    const { user, presence, resource } = session;
    const isInitial = presence === undefined;
    session.presence = content;
    const others = this.available(user).filter((other) => other !== session);
    for (const one of [session, ...others]) {
      one.told.push(`available ${user}/${resource} to ${user}/${one.resource} ${content}`);
    }
    for (const [contact] of this.user(user).sides) {
      if (this.shows(user, contact)) {
        this.#tellAvailable(contact, `available ${user}/${resource} to ${contact} ${content}`);
      }
    }
    if (!isInitial) return;
    const self = `${user}/${resource}`;
    for (const other of others) {
      session.told.push(`available ${user}/${other.resource} to ${self} ${other.presence} delayed`);
    }
    for (const [contact, side] of [...this.user(user).sides]) {
      if (side.request !== "") session.told.push(`subscribe ${contact} to ${user} ${side.request}`);
      // Where only one side knows of a subscription, logging in tells nothing and changes nothing.
      if (this.sees(user, contact) && this.shows(contact, user)) this.#answerProbe(session, contact);
    }
  }

  /** Unavailable presence without `to` (4.5). */
  becomeUnavailable(session: ModelSession, content: string): void {
    const { user, resource } = session;
    if (session.presence === undefined) return;
    session.presence = undefined;
    const others = this.available(user);
    for (const one of [session, ...others]) {
      one.told.push(`unavailable ${user}/${resource} to ${user}/${one.resource} ${content}`);
    }
    for (const [contact] of this.user(user).sides) {
      if (this.shows(user, contact)) {
        this.#tellAvailable(contact, `unavailable ${user}/${resource} to ${contact} ${content}`);
      }
    }
    if (others.length === 0) this.user(user).farewell = content;
  }

  /** A client asks for the presence of an account (4.3). Who may not know is told the same of everybody. */
  probe(session: ModelSession, contact: string): void {
    if (this.user(contact).exists && this.shows(contact, session.user)) this.#answerProbe(session, contact);
    else this.#route(session.user, contact, "unsubscribed", "");
    this.#arriveAll();
  }

  #answerProbe(session: ModelSession, contact: string): void {
    const self = `${session.user}/${session.resource}`;
    const { farewell } = this.user(contact);
    const here = this.available(contact);
    for (const { resource, presence } of here) {
      session.told.push(`available ${contact}/${resource} to ${self} ${presence} delayed`);
    }
    if (here.length > 0) return;
    const last = farewell === undefined ? "" : `${farewell} delayed`;
    session.told.push(`unavailable ${contact} to ${self} ${last}`);
  }

  /** On its way: it arrives when what is being done now is done. */
  #route(owner: string, contact: string, type: StanzaType, content: string): void {
    this.#onTheWay.push(() => this.#arrive(owner, contact, type, content));
  }

  #arriveAll(): void {
    for (let next = this.#onTheWay.shift(); next !== undefined; next = this.#onTheWay.shift()) next();
  }

  /** A subscription stanza reaches the account it is for (A.3). */
  #arrive(owner: string, contact: string, type: StanzaType, content: string): void {
    if (!this.user(owner).exists) return;
    const side = this.side(owner, contact);
    const row = this.#row("in", type, side);
    const line = `${type} ${contact} to ${owner} ${content}`;
    if (type === "subscribe" && side.approved) {
      this.#meetApproval(owner, contact, side);
      return;
    }
    side.state = row.next;
    if (row.effects.includes("store-request")) side.request = content;
    if (row.effects.includes("drop-request")) side.request = "";
    if (row.passes && type === "subscribe") this.#tellAvailable(owner, line);
    if (row.passes && type !== "subscribe") this.#tellInterested(owner, line);
    if (row.push) this.#push(owner, contact);
    this.#perform(owner, contact, row.effects, "after:unavailable");
    if (row.effects.includes("reply:subscribed")) {
      this.#route(contact, owner, "subscribed", "");
      this.#sendPresence(owner, contact);
    }
    if (row.effects.includes("reply:unsubscribed")) this.#route(contact, owner, "unsubscribed", "");
  }

  /** Section 3.4.2: the request is answered for the account, and the approval is used up. */
  #meetApproval(owner: string, contact: string, side: Side): void {
    const met: Partial<Record<State, State>> = { None: "From", "None+PO": "From+PO", To: "Both" };
    side.state = met[side.state] as State;
    side.approved = false;
    this.#push(owner, contact);
    this.#route(contact, owner, "subscribed", "");
    this.#sendPresence(owner, contact);
  }

  #row(direction: Direction, type: StanzaType, side: Side) {
    const cell = `${cellName(direction, type, side.state)}${side.approved ? " approved" : ""}`;
    this.#reached.set(cell, (this.#reached.get(cell) ?? 0) + 1);
    const row = rowOf(direction, type, side.state);
    if (direction === "out" && row.effects.includes("drop-request")) side.request = "";
    return row;
  }

  #perform(owner: string, contact: string, effects: readonly Effect[], effect: Effect): void {
    if (!effects.includes(effect)) return;
    if (effect === "after:presence") this.#sendPresence(owner, contact);
    else this.#sendAbsence(owner, contact);
  }

  #sendPresence(owner: string, contact: string): void {
    for (const { resource, presence } of this.available(owner)) {
      this.#tellAvailable(contact, `available ${owner}/${resource} to ${contact} ${presence} delayed`);
    }
  }

  #sendAbsence(owner: string, contact: string): void {
    for (const { resource } of this.available(owner)) {
      this.#tellAvailable(contact, `unavailable ${owner}/${resource} to ${contact} `);
    }
  }

  #push(owner: string, contact: string): void {
    const user = this.user(owner);
    user.version += 1;
    this.side(owner, contact).item = true;
    this.#tellInterested(owner, `push ${this.item(owner, contact)} ver ${user.version}`);
  }

  #tellInterested(user: string, line: string): void {
    for (const session of this.user(user).sessions) if (session.interested) session.told.push(line);
  }

  #tellAvailable(user: string, line: string): void {
    for (const session of this.available(user)) session.told.push(line);
  }
}
