/** A client that is cut off and comes back like a real one, and records all that it does and sees. */
import { type Stanza, StreamParser } from "@rollcall/xmpp";
import { LoadClient } from "../load/load-client.ts";
import type { ReceivedStanza, RosterItem, SentStanza, SubscriptionType } from "./checker/history.ts";
import type { NodeAddress } from "./cluster-under-chaos.ts";
import type { Recorder } from "./recorder.ts";
import { fromXml, itemsOf, markerId, toXml } from "./stanza-xml.ts";

export interface ChaosClientOptions {
  readonly username: string;
  readonly resource: string;
  readonly domain: string;
  readonly password: string;
  readonly recorder: Recorder;
  /** A new number for every session. */
  readonly nextSession: () => number;
  /** Where to connect next; another node than the last where there is one. */
  readonly node: (last: string | undefined) => NodeAddress | undefined;
}

const limits = { maxStanzaBytes: 4_194_304, maxDepth: 100, maxAttributes: 100 };
const streamStart = Buffer.from(
  "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>",
);
const firstPauseMs = 100;
const longestPauseMs = 3_000;
const loginMs = 30_000;
const presenceAgainMs = 1_000;

export class ChaosClient {
  readonly #options: ChaosClientOptions;
  readonly account: string;
  #jid: string;
  /** The session under way; `undefined` while there is none. */
  #session: number | undefined;
  #client: LoadClient | undefined;
  #sequence = 0;
  #wanted = false;
  #ready = false;
  #pauseMs = firstPauseMs;
  #timer: NodeJS.Timeout | undefined;
  #lastNode: string | undefined;
  /** Requests of others that wait for a yes or no, by account. */
  readonly requests = new Set<string>();
  readonly roster = new Map<string, RosterItem>();
  #onRoster: (() => void) | undefined;

  constructor(options: ChaosClientOptions) {
    this.#options = options;
    this.account = `${options.username}@${options.domain}`;
    this.#jid = `${this.account}/${options.resource}`;
  }

  /** The full JID, as it was bound last. */
  get jid(): string {
    return this.#jid;
  }

  /** Bound, and seen by itself as available. */
  get ready(): boolean {
    return this.#ready;
  }

  get online(): boolean {
    return this.#session !== undefined;
  }

  get wanted(): boolean {
    return this.#wanted;
  }

  /** Logs in, and again after each cut, until `leave`. */
  come(): void {
    if (this.#wanted) return;
    this.#wanted = true;
    this.#pauseMs = firstPauseMs;
    void this.#login();
  }

  /** Ends the session: with a closed stream, or without a word. */
  leave(how: "graceful" | "abrupt"): void {
    this.#wanted = false;
    clearTimeout(this.#timer);
    const client = this.#client;
    if (client === undefined || this.#session === undefined) return;
    this.#ended(how);
    client.onClose = undefined;
    if (how === "graceful") void client.close();
    else client.cut();
  }

  send(stanza: SentStanza): void {
    const { recorder } = this.#options;
    const session = this.#session;
    if (session === undefined) return;
    this.#sequence += 1;
    const sequence = this.#sequence;
    recorder.add({ kind: "sent", session, sequence, stanza });
    this.#client?.send(toXml(stanza, { session, sequence }));
  }

  /** Asks for the roster; resolves when it has come, or the session has ended. */
  readRoster(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#session === undefined) {
        resolve();
        return;
      }
      this.#onRoster = resolve;
      this.#client?.send("<iq type='get' id='roster'><query xmlns='jabber:iq:roster'/></iq>");
    });
  }

  async #login(): Promise<void> {
    const { username, domain, password, resource, recorder, nextSession, node } = this.#options;
    const address = node(this.#lastNode);
    if (address === undefined) return this.#again();
    this.#lastNode = address.name;
    const client = new LoadClient(username, domain);
    const tooLong = setTimeout(() => client.cut(), loginMs);
    try {
      await client.login({ host: address.host, port: address.port, tls: "none" }, password, resource);
    } catch {
      client.cut();
      return this.#again();
    } finally {
      clearTimeout(tooLong);
    }
    if (!this.#wanted) {
      client.cut();
      return;
    }
    const session = nextSession();
    this.#client = client;
    this.#session = session;
    this.#sequence = 0;
    this.#pauseMs = firstPauseMs;
    this.roster.clear();
    this.requests.clear();
    // While its earlier session has not ended everywhere, the server gives it another resource (RFC 6120, 7.7.2.2).
    this.#jid = client.jid;
    recorder.add({ kind: "bound", session, jid: this.jid, node: address.name });
    const parser = new StreamParser(limits);
    parser.push(streamStart);
    client.onClose = () => this.#cut(session, "closed");
    client.onData = (chunk) => {
      parser.push(chunk);
      for (let item = parser.next(); item !== undefined; item = parser.next()) {
        if (this.#session !== session) return;
        if (item.kind === "stanza") this.#receive(session, item.stanza);
        else if (item.kind === "element") this.#cut(session, item.element.elements()[0]?.name ?? "error");
        else if (item.kind === "error") this.#cut(session, `what came is broken: ${item.condition}`);
        else if (item.kind === "stream-end") this.#cut(session, "stream closed");
      }
    };
    void this.readRoster();
    this.send({ what: "available" });
  }

  #again(): void {
    if (!this.#wanted) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#login(), this.#pauseMs * (0.5 + Math.random()));
    this.#pauseMs = Math.min(this.#pauseMs * 2, longestPauseMs);
  }

  #cut(session: number, why: string): void {
    if (this.#session !== session) return;
    const client = this.#client;
    this.#ended("cut", why);
    if (client !== undefined) {
      client.onClose = undefined;
      client.cut();
    }
    this.#again();
  }

  #ended(how: "graceful" | "abrupt" | "cut", why?: string): void {
    const session = this.#session;
    if (session === undefined) return;
    const { recorder } = this.#options;
    recorder.add({ kind: "ended", session, how, ...(why === undefined ? {} : { why }) });
    this.#session = undefined;
    this.#client = undefined;
    this.#ready = false;
    this.#onRoster?.();
    this.#onRoster = undefined;
  }

  #receive(session: number, stanza: Stanza): void {
    const { recorder } = this.#options;
    const { kind, type, id } = stanza;
    if (kind === "iq" && (type === "result" || type === "error")) {
      if (id === "roster") this.#readRoster(stanza);
      else this.#answered(session, stanza);
      return;
    }
    if (kind !== "iq" && type === "error") {
      this.#answered(session, stanza);
      return;
    }
    if (kind === "iq") {
      const to = stanza.from === undefined ? "" : ` to='${stanza.from}'`;
      this.#client?.send(`<iq type='result' id='${id}'${to}/>`);
    }
    for (const seen of fromXml(stanza, this.account)) {
      recorder.add({ kind: "received", session, stanza: seen });
      this.#learn(session, seen);
    }
  }

  #answered(session: number, stanza: Stanza): void {
    const marker = markerId(stanza.id);
    if (marker === undefined || marker.session !== session) return;
    const outcome = stanza.type === "error" ? "error" : "result";
    const condition = /<([a-z-]+) xmlns=["']urn:ietf:params:xml:ns:xmpp-stanzas["']/.exec(
      stanza.payload,
    )?.[1];
    const { recorder } = this.#options;
    if (stanza.kind === "presence" && outcome === "error" && !this.#ready)
      this.#becomeAvailableLater(session);
    const event = { kind: "answered", session, sequence: marker.sequence, outcome } as const;
    recorder.add(condition === undefined ? event : { ...event, condition });
  }

  /** The store may have been away when the first presence came: the server asks to wait. */
  #becomeAvailableLater(session: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      if (this.#session === session && !this.#ready) this.send({ what: "available" });
    }, presenceAgainMs);
  }

  #readRoster(stanza: Stanza): void {
    if (stanza.type === "result") {
      this.roster.clear();
      for (const item of itemsOf(stanza.payload)) this.roster.set(item.contact, item);
    }
    this.#onRoster?.();
    this.#onRoster = undefined;
  }

  #learn(session: number, seen: ReceivedStanza): void {
    if (seen.what === "available" && seen.marker?.session === session) this.#ready = true;
    if (seen.what === "subscription") this.#request(seen.type, seen.from);
    if (seen.what !== "push") return;
    if (seen.item.subscription === "remove") this.roster.delete(seen.item.contact);
    else this.roster.set(seen.item.contact, seen.item);
  }

  #request(type: SubscriptionType, from: string): void {
    if (type === "subscribe") this.requests.add(from);
    if (type === "unsubscribe") this.requests.delete(from);
  }
}
