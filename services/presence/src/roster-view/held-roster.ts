import type { ContactView, RosterView } from "@rollcall/contracts";
import type { PresenceAudience } from "@rollcall/rfc6121";
import type { BareJid, Stanza } from "@rollcall/xmpp";
import type { JidPool } from "../sessions/jid-pool.ts";

const FROM = 1;
const TO = 2;
const IN_ROSTER = 4;
const LOCAL = 8;

/** Contacts from which on finding one by going through all of them is too slow. */
const INDEX_FROM = 48;

const noRequests: readonly Stanza[] = [];

/** What a roster says about one contact. */
export interface ContactStanding {
  readonly inRoster: boolean;
  /** Subscription from or both. */
  readonly subscribed: boolean;
}

const stranger: ContactStanding = { inRoster: false, subscribed: false };

/**
 * The roster of an account that is here, as small as it can be: two arrays in step, contacts and bits.
 *
 * An index exists only for large rosters, and only after somebody has looked for a contact.
 */
export class HeldRoster implements PresenceAudience {
  /** Revision at which the view was read: effects up to it are in already. */
  readonly revision: number;
  readonly #pool: JidPool;
  readonly #isLocal: (jid: BareJid) => boolean;
  readonly #contacts: BareJid[];
  readonly #bits: number[];
  #index: Map<string, number> | undefined = undefined;
  #requests: readonly Stanza[];

  /** @param isLocal whether a contact is an account of this system: only those can be told or asked here. */
  constructor(view: RosterView, pool: JidPool, isLocal: (jid: BareJid) => boolean) {
    this.revision = view.revision;
    this.#pool = pool;
    this.#isLocal = isLocal;
    // `map` makes arrays of just the size they need; growing ones would be twice as large.
    this.#contacts = view.contacts.map(({ contact }) => pool.use(contact));
    this.#bits = view.contacts.map((contact) => this.#bitsOf(contact));
    this.#requests = view.pendingRequests.length === 0 ? noRequests : view.pendingRequests;
  }

  get size(): number {
    return this.#contacts.length;
  }

  /** Local contacts with subscription from or both. */
  get subscribers(): readonly BareJid[] {
    return this.#with(FROM | LOCAL);
  }

  /** Local contacts with subscription to or both. */
  get watched(): readonly BareJid[] {
    return this.#with(TO | LOCAL);
  }

  /** Stored inbound subscription requests, oldest first. */
  get pendingRequests(): readonly Stanza[] {
    return this.#requests;
  }

  standing(contact: string): ContactStanding {
    const place = this.#find(contact);
    if (place < 0) return stranger;
    const bits = this.#bits[place]!;
    return { inRoster: (bits & IN_ROSTER) !== 0, subscribed: (bits & FROM) !== 0 };
  }

  /** Follows one change of the roster, which replaces all that was known of the contact. */
  change(view: ContactView, pendingRequest: Stanza | undefined): void {
    const place = this.#find(view.contact);
    if (view.subscription === "none" && !view.inRoster) {
      if (place >= 0) this.#remove(place);
    } else if (place >= 0) this.#bits[place] = this.#bitsOf(view);
    else this.#add(view);
    this.#changeRequest(view.contact, pendingRequest);
  }

  /** Gives the shared strings back. */
  release(): void {
    for (const contact of this.#contacts) this.#pool.release(contact);
  }

  #changeRequest(contact: BareJid, request: Stanza | undefined): void {
    const known = this.#requests.findIndex((pending) => pending.from === contact);
    if (known < 0) {
      if (request !== undefined) this.#requests = [...this.#requests, request];
    } else if (request === undefined) {
      const rest = this.#requests.filter((_, place) => place !== known);
      this.#requests = rest.length === 0 ? noRequests : rest;
    } else this.#requests = this.#requests.with(known, request);
  }

  #bitsOf(view: ContactView): number {
    const { subscription } = view;
    return (
      (subscription === "from" || subscription === "both" ? FROM : 0) |
      (subscription === "to" || subscription === "both" ? TO : 0) |
      (view.inRoster ? IN_ROSTER : 0) |
      (this.#isLocal(view.contact) ? LOCAL : 0)
    );
  }

  #add(view: ContactView): void {
    const contact = this.#pool.use(view.contact);
    this.#index?.set(contact, this.#contacts.length);
    this.#contacts.push(contact);
    this.#bits.push(this.#bitsOf(view));
  }

  /** The last contact takes the place of the removed one. */
  #remove(place: number): void {
    const removed = this.#contacts[place]!;
    const lastContact = this.#contacts.pop()!;
    const lastBits = this.#bits.pop()!;
    if (place < this.#contacts.length) {
      this.#contacts[place] = lastContact;
      this.#bits[place] = lastBits;
      this.#index?.set(lastContact, place);
    }
    this.#index?.delete(removed);
    this.#pool.release(removed);
  }

  #find(contact: string): number {
    if (this.#contacts.length < INDEX_FROM) return this.#contacts.indexOf(contact as BareJid);
    this.#index ??= new Map(this.#contacts.map((jid, place) => [jid, place]));
    return this.#index.get(contact) ?? -1;
  }

  #with(bits: number): BareJid[] {
    const found: BareJid[] = [];
    for (let place = 0; place < this.#contacts.length; place += 1) {
      if ((this.#bits[place]! & bits) === bits) found.push(this.#contacts[place]!);
    }
    return found;
  }
}
