import type { Answered, HistoryEvent, Marker, Received, Sent } from "./history.ts";

/** One stream of a client from bind to end. */
export interface SessionLife {
  readonly id: number;
  readonly jid: string;
  readonly account: string;
  readonly node: string;
  readonly boundAt: number;
  /** Infinity for one that was there to the end. */
  endedAt: number;
  /** It closed its stream: until the server has closed its side as well the client may be sent something. */
  endedGracefully: boolean;
  /** When the session first saw its own presence; from then on it is surely available. */
  availableAt: number;
  readonly sent: Sent[];
  readonly received: Received[];
}

export function bareOf(jid: string): string {
  const slash = jid.indexOf("/");
  return slash < 0 ? jid : jid.slice(0, slash);
}

export function keyOf(marker: Marker): string {
  return `${marker.session}:${marker.sequence}`;
}

/** A pair of accounts, whichever comes first. */
export function pairOf(one: string, other: string): string {
  return one < other ? `${one} ${other}` : `${other} ${one}`;
}

/** A history sorted by who did what. */
export class History {
  readonly events: readonly HistoryEvent[];
  readonly sessions = new Map<number, SessionLife>();
  readonly sent = new Map<string, Sent>();
  /** By the marker of what was answered. */
  readonly answers = new Map<string, Answered[]>();
  readonly friends = new Set<string>();
  /** Pairs of accounts between which a subscription was asked for, changed or removed during the run. */
  readonly unsettled = new Set<string>();
  readonly end: number;
  readonly #byAccount = new Map<string, SessionLife[]>();
  readonly #byJid = new Map<string, SessionLife[]>();

  constructor(events: readonly HistoryEvent[]) {
    this.events = events;
    this.end = events.at(-1)?.at ?? 0;
    for (const event of events) this.#add(event);
  }

  ofAccount(account: string): readonly SessionLife[] {
    return this.#byAccount.get(account) ?? [];
  }

  /** In the order they were bound. */
  ofJid(jid: string): readonly SessionLife[] {
    return this.#byJid.get(jid) ?? [];
  }

  /** Friends from the beginning to the end. */
  areFriends(one: string, other: string): boolean {
    const pair = pairOf(one, other);
    return one === other || (this.friends.has(pair) && !this.unsettled.has(pair));
  }

  #add(event: HistoryEvent): void {
    switch (event.kind) {
      case "bound": {
        const account = bareOf(event.jid);
        const life: SessionLife = {
          id: event.session,
          jid: event.jid,
          account,
          node: event.node,
          boundAt: event.at,
          endedAt: Number.POSITIVE_INFINITY,
          endedGracefully: false,
          availableAt: Number.POSITIVE_INFINITY,
          sent: [],
          received: [],
        };
        this.sessions.set(event.session, life);
        append(this.#byAccount, account, life);
        append(this.#byJid, event.jid, life);
        return;
      }
      case "ended": {
        const life = this.sessions.get(event.session);
        if (life === undefined) return;
        life.endedAt = event.at;
        life.endedGracefully = event.how === "graceful";
        return;
      }
      case "sent": {
        const life = this.sessions.get(event.session);
        life?.sent.push(event);
        this.sent.set(keyOf(event), event);
        const { stanza } = event;
        if (life === undefined) return;
        if (stanza.what === "subscription") this.unsettled.add(pairOf(life.account, bareOf(stanza.to)));
        if (stanza.what === "roster-set" && stanza.name === undefined) {
          this.unsettled.add(pairOf(life.account, stanza.contact));
        }
        return;
      }
      case "answered":
        append(this.answers, keyOf(event), event);
        return;
      case "received": {
        const life = this.sessions.get(event.session);
        if (life === undefined) return;
        life.received.push(event);
        const { stanza } = event;
        if (stanza.what === "available" && stanza.from === life.jid && stanza.marker?.session === life.id) {
          life.availableAt = Math.min(life.availableAt, event.at);
        }
        return;
      }
      case "friends":
        this.friends.add(pairOf(...event.accounts));
        return;
      case "fault":
      case "roster":
        return;
    }
  }
}

function append<T>(map: Map<string, T[]>, key: string, value: T): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}

/** Whether a session was there from a moment until nothing could be on its way any more. */
export function stayed(life: SessionLife, from: number, forMs: number): boolean {
  return life.boundAt <= from && life.endedAt > from + forMs;
}
