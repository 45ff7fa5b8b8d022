/** Histories as a server without fault would leave them: a server that is a few lines of code and never loses a thing. */
import { oneOf, type Pick, weighted } from "../random.ts";
import type { HistoryEvent, ReceivedStanza, RosterItem, SentStanza } from "./history.ts";
import { bareOf } from "./sessions.ts";

interface Client {
  readonly session: number;
  readonly jid: string;
  readonly account: string;
  sequence: number;
  /** Of its last presence to all. */
  last: number;
}

const accounts = ["ada", "ben", "cleo", "dan"].map((name) => `${name}@example.org`);
const resources = ["desk", "phone"];
const strangers = ["x@elsewhere.org", "y@elsewhere.org"];

/** A random history of four friends with up to two resources each, `steps` actions long. */
export function cleanHistory(pick: Pick, steps: number): HistoryEvent[] {
  return new PerfectServer(pick).run(steps);
}

class PerfectServer {
  readonly #pick: Pick;
  readonly #events: HistoryEvent[] = [];
  readonly #online = new Map<string, Client>();
  readonly #rosters = new Map(accounts.map((account) => [account, new Map<string, RosterItem>()]));
  #at = 0;
  #sessions = 0;
  #version = 0;

  constructor(pick: Pick) {
    this.#pick = pick;
  }

  run(steps: number): HistoryEvent[] {
    for (const one of accounts) {
      for (const other of accounts) {
        if (one === other) continue;
        const item = { contact: other, name: undefined, subscription: "both", asks: false };
        this.#rosters.get(one)?.set(other, item);
        if (one < other) this.#add({ kind: "friends", at: this.#now(), accounts: [one, other] });
      }
    }
    for (let step = 0; step < steps; step += 1) this.#step();
    this.#at += 120_000;
    for (const [account, items] of this.#rosters) {
      const at = this.#now();
      this.#add({ kind: "roster", at, account, items: [...items.values()], requests: [] });
    }
    return this.#events;
  }

  #step(): void {
    const jid = `${oneOf(this.#pick, accounts)}/${oneOf(this.#pick, resources)}`;
    const client = this.#online.get(jid);
    if (client === undefined) this.#login(jid);
    else {
      weighted<() => void>(this.#pick, [
        [4, () => this.#message(client)],
        [2, () => this.#available(client)],
        [2, () => this.#request(client)],
        [2, () => this.#rosterSet(client)],
        [1, () => this.#leave(client)],
      ])();
    }
  }

  #login(jid: string): void {
    this.#sessions += 1;
    const session = this.#sessions;
    const client: Client = { session, jid, account: bareOf(jid), sequence: 0, last: 0 };
    this.#add({ kind: "bound", at: this.#now(), session, jid, node: `node-${this.#pick(2)}` });
    this.#available(client);
    for (const other of this.#online.values()) {
      const marker = { session: other.session, sequence: other.last };
      this.#deliver(client, { what: "available", from: other.jid, marker });
    }
    this.#online.set(jid, client);
  }

  #available(client: Client): void {
    client.last = this.#send(client, { what: "available" });
    const marker = { session: client.session, sequence: client.last };
    const said: ReceivedStanza = { what: "available", from: client.jid, marker };
    if (!this.#online.has(client.jid)) this.#deliver(client, said);
    for (const reader of this.#online.values()) this.#deliver(reader, said);
  }

  #message(client: Client): void {
    const to = oneOf(this.#pick, [...this.#online.values()]);
    const bare = this.#pick(2) === 0;
    const sequence = this.#send(client, { what: "message", to: bare ? to.account : to.jid });
    const marker = { session: client.session, sequence };
    for (const reader of this.#online.values()) {
      if (reader !== to && !(bare && reader.account === to.account)) continue;
      this.#deliver(reader, { what: "message", from: client.jid, marker });
    }
  }

  #request(client: Client): void {
    const to = oneOf(this.#pick, [...this.#online.values()]);
    const sequence = this.#send(client, { what: "iq", to: to.jid });
    const marker = { session: client.session, sequence };
    this.#deliver(to, { what: "iq", from: client.jid, marker });
    this.#answer(client, sequence);
  }

  #rosterSet(client: Client): void {
    const contact = oneOf(this.#pick, strangers);
    const roster = this.#rosters.get(client.account);
    const name = this.#pick(4) === 0 && roster?.has(contact) ? undefined : `name ${this.#at}`;
    const sequence = this.#send(client, { what: "roster-set", contact, name });
    const subscription = name === undefined ? "remove" : "none";
    const item = { contact, name, subscription, asks: false };
    if (name === undefined) roster?.delete(contact);
    else roster?.set(contact, item);
    this.#version += 1;
    for (const reader of this.#online.values()) {
      if (reader.account !== client.account) continue;
      this.#deliver(reader, { what: "push", version: String(this.#version), item });
    }
    this.#answer(client, sequence);
  }

  #leave(client: Client): void {
    this.#add({ kind: "ended", at: this.#now(), session: client.session, how: "graceful" });
    this.#online.delete(client.jid);
    for (const reader of this.#online.values()) {
      this.#deliver(reader, { what: "unavailable", from: client.jid });
    }
    // Long enough for nobody to take the next end for this one.
    this.#at += 5_000;
  }

  #send(client: Client, stanza: SentStanza): number {
    client.sequence += 1;
    const { session, sequence } = client;
    this.#add({ kind: "sent", at: this.#now(), session, sequence, stanza });
    return sequence;
  }

  #answer({ session }: Client, sequence: number): void {
    this.#add({ kind: "answered", at: this.#now(), session, sequence, outcome: "result" });
  }

  #deliver({ session }: Client, stanza: ReceivedStanza): void {
    this.#add({ kind: "received", at: this.#now(), session, stanza });
  }

  #add(event: HistoryEvent): void {
    this.#events.push(event);
  }

  #now(): number {
    this.#at += 1;
    return this.#at;
  }
}
