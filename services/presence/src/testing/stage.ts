/**
 * The presence service on a bus that encodes everything, with a connection node, roster owners and stores of its own:
 * for stories between named people. Sleeping moves the clock and takes no time; `settled` waits until the bus is quiet.
 */
import { createMemoryAccountStore } from "@rollcall/accounts";
import { type Bus, createMemoryBus, done } from "@rollcall/bus";
import {
  type AccountEffect,
  type ContactView,
  channels,
  type InboundSubscription,
  type NodeDelivery,
  type RosterView,
  type SessionRef,
  type SubscriptionValue,
} from "@rollcall/contracts";
import { silentLogger } from "@rollcall/telemetry";
import {
  type BareJid,
  bareOf,
  makeStanza,
  resourceOf,
  type Stanza,
  type StanzaKind,
  type StanzaParts,
} from "@rollcall/xmpp";
import { presenceSettings as declared, type PresenceSettings } from "../config.ts";
import { createMemoryOfflineStore } from "../delivery/memory-offline-store.ts";
import type { OfflineStore } from "../delivery/offline-store.ts";
import { createPresenceService, type PresenceService } from "../service.ts";

export const START = 1_700_000_000_000;
const quota = { messages: 3, bytes: 10_000 };

function defaults(): PresenceSettings {
  const values = Object.fromEntries(Object.entries(declared).map(([name, one]) => [name, one.default]));
  return { ...(values as unknown as PresenceSettings), domains: ["example.com", "example.net"] };
}

export interface StageOptions {
  readonly settings?: Partial<PresenceSettings>;
  /** Accounts without a password that exist; everybody who connects does as well. */
  readonly accounts?: readonly string[];
  readonly wrapOfflineStore?: (store: OfflineStore) => OfflineStore;
}

export class Stage {
  readonly bus: Bus = createMemoryBus({ logger: silentLogger, encode: true });
  readonly service: PresenceService;
  readonly offlineStore: OfflineStore;
  /** What the roster owners got. */
  readonly subscriptions: InboundSubscription[] = [];
  /** Questions that the roster owners were asked, as `view juliet@…` or `contact juliet@… romeo@…`. */
  readonly questions: string[] = [];
  /** Awaited before a roster owner answers. */
  rosterDelay: Promise<void> | undefined = undefined;
  readonly #accounts = createMemoryAccountStore();
  readonly #exists = new Set<string>();
  readonly #rosters = new Map<string, ContactView[]>();
  readonly #requests = new Map<string, Stanza[]>();
  readonly #clients = new Map<string, Client>();
  readonly #nodes = new Set<string>();
  #now = START;
  #handles = 0;
  #effects = 0;

  static async open(options: StageOptions = {}): Promise<Stage> {
    const stage = new Stage(options);
    for (const account of options.accounts ?? []) await stage.addAccount(account);
    await stage.service.start();
    return stage;
  }

  private constructor(options: StageOptions) {
    const store = createMemoryOfflineStore(quota);
    this.offlineStore = options.wrapOfflineStore?.(store) ?? store;
    this.service = createPresenceService({
      settings: { ...defaults(), ...options.settings },
      bus: this.bus,
      accounts: this.#accounts,
      offlineStore: this.offlineStore,
      clock: { now: () => this.#now },
      logger: silentLogger,
      instanceId: "presence-1",
      sleep: (ms) => {
        this.#now += ms;
        return new Promise((resolve) => setImmediate(resolve));
      },
    });
    this.bus.answer(channels.rosterView, {}, async (account) => {
      this.questions.push(`view ${account}`);
      await this.rosterDelay;
      return this.view(account);
    });
    this.bus.answer(channels.subscribers, {}, async (account, { prober }) => {
      this.questions.push(`contact ${account} ${prober}`);
      await this.rosterDelay;
      const contact = this.#rosters.get(account)?.find((one) => one.contact === prober);
      return {
        exists: this.#exists.has(account),
        inRoster: contact?.inRoster ?? false,
        subscription: contact?.subscription ?? "none",
      };
    });
    this.bus.consume(channels.inboundSubscriptions, {}, (_, subscription) => {
      this.subscriptions.push(subscription);
      return done;
    });
  }

  get now(): number {
    return this.#now;
  }

  advance(ms: number): void {
    this.#now += ms;
  }

  async addAccount(account: string): Promise<void> {
    this.#exists.add(account);
    const keys = { salt: "", iterations: 1, storedKey: "", serverKey: "" };
    await this.#accounts.put({
      jid: account as BareJid,
      scram: { "SCRAM-SHA-1": keys, "SCRAM-SHA-256": keys },
      disabled: false,
      createdAt: 0,
    });
  }

  /** Sets what the roster of `account` says about `contact`, without telling anybody. */
  roster(account: string, contact: string, subscription: SubscriptionValue, inRoster = true): ContactView {
    const view = { contact: contact as BareJid, subscription, inRoster };
    const others = this.#rosters.get(account)?.filter((one) => one.contact !== contact) ?? [];
    this.#rosters.set(account, [...others, view]);
    return view;
  }

  /** Both rosters say `both`. */
  friends(one: string, other: string): void {
    this.roster(one, other, "both");
    this.roster(other, one, "both");
  }

  pending(account: string, ...requests: Stanza[]): void {
    this.#requests.set(account, requests);
  }

  view(account: string): RosterView {
    return {
      revision: 10,
      contacts: this.#rosters.get(account) ?? [],
      pendingRequests: this.#requests.get(account) ?? [],
      exists: this.#exists.has(account),
    };
  }

  /** Binds the resource of the full JID, on a node of its own where one is named. */
  async connect(jid: string, node = "node-1"): Promise<Client> {
    const account = bareOf(jid);
    await this.addAccount(account);
    this.#openNode(node);
    this.#handles += 1;
    const session = { node, session: this.#handles };
    const answer = await this.bus.request(channels.bind, account, {
      account,
      session,
      requested: resourceOf(jid),
      generated: `generated-${this.#handles}`,
      at: this.#now,
    });
    if (answer.kind === "refused") throw new Error(answer.condition);
    const client = new Client(this, account, `${account}/${answer.resource}`, session);
    this.#clients.set(keyOf(session), client);
    return client;
  }

  /** Connects, sends initial presence and reads what comes back. */
  async online(jid: string, payload = "", node = "node-1"): Promise<Client> {
    const client = await this.connect(jid, node);
    await client.presence(payload);
    await this.settled();
    client.take();
    return client;
  }

  /** What the roster owner of `account` wants done. */
  effects(account: string, revision: number, ...effects: AccountEffect[]): Promise<void> {
    this.#effects += 1;
    return this.bus.publish(channels.presenceCommands, account, {
      kind: "account-effects",
      id: { origin: "roster-1", session: 0, sequence: this.#effects },
      revision,
      effects,
      at: this.#now,
    });
  }

  deliver(stanza: Stanza, failedSession?: SessionRef): Promise<void> {
    return this.bus.publish(channels.deliver, bareOf(stanza.to ?? ""), {
      stanza,
      failedSession,
      at: this.#now,
    });
  }

  /** Resolves when everything that does not wait for a timer has happened. */
  async settled(): Promise<void> {
    for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  }

  #openNode(node: string): void {
    if (this.#nodes.has(node)) return;
    this.#nodes.add(node);
    this.bus.consume(channels.nodeDeliveries, { nodeId: node }, (_, { items }) => {
      for (const item of items) this.#receive(node, item);
      return done;
    });
  }

  #receive(node: string, item: NodeDelivery): void {
    const client = (session: number): Client | undefined => this.#clients.get(keyOf({ node, session }));
    switch (item.kind) {
      case "write":
        client(item.session)?.inbox.push(item.xml);
        return;
      case "fan-out":
        item.sessions.forEach((session, place) => {
          client(session)?.inbox.push(`${item.before}${item.to[place]}${item.after}`);
        });
        return;
      case "close":
        client(item.session)?.inbox.push(`closed: ${item.condition}`);
        return;
    }
  }
}

function keyOf({ node, session }: SessionRef): string {
  return `${node} ${session}`;
}

/** A client as its connection node sees it. */
export class Client {
  readonly account: BareJid;
  readonly jid: string;
  readonly session: SessionRef;
  /** What was written to the stream and not taken yet. */
  readonly inbox: string[] = [];
  readonly #stage: Stage;

  constructor(stage: Stage, account: BareJid, jid: string, session: SessionRef) {
    this.#stage = stage;
    this.account = account;
    this.jid = jid;
    this.session = session;
  }

  /** Everything received since the last time, in order. */
  take(): string[] {
    return this.inbox.splice(0);
  }

  presence(payload = "", parts: StanzaParts = {}): Promise<void> {
    const childCount = payload === "" ? 0 : 1;
    const stanza = makeStanza("presence", { from: this.jid, payload, childCount, ...parts });
    return this.#command("broadcast-presence", stanza);
  }

  unavailable(payload = ""): Promise<void> {
    return this.presence(payload, { type: "unavailable" });
  }

  directed(to: string, type?: string, payload = ""): Promise<void> {
    return this.#command("direct-presence", makeStanza("presence", { from: this.jid, to, type, payload }));
  }

  end(): Promise<void> {
    return this.#stage.bus.publish(channels.presenceCommands, this.account, {
      kind: "end-session",
      session: this.session,
      at: this.#stage.now,
    });
  }

  /** As the roster owner answers a roster get. */
  async requestRoster(): Promise<void> {
    const stanza = makeStanza("iq", { type: "result", id: "r1", to: this.jid });
    await this.#stage.effects(this.account, 10, {
      kind: "answer-session",
      session: this.session,
      stanza,
      becomesInterested: true,
    });
    await this.#stage.settled();
    this.take();
  }

  send(kind: StanzaKind, to: string, parts: StanzaParts = {}): Promise<void> {
    return this.#stage.deliver(makeStanza(kind, { from: this.jid, to, ...parts }));
  }

  chat(to: string, body: string, parts: StanzaParts = {}): Promise<void> {
    return this.send("message", to, {
      type: "chat",
      payload: `<body>${body}</body>`,
      childName: "body",
      childNamespace: "jabber:client",
      ...parts,
    });
  }

  iq(to: string, type: string, name: string, namespace: string): Promise<void> {
    return this.send("iq", to, {
      type,
      id: "i1",
      payload: `<${name} xmlns="${namespace}"/>`,
      childName: name,
      childNamespace: namespace,
    });
  }

  #command(kind: "broadcast-presence" | "direct-presence", stanza: Stanza): Promise<void> {
    return this.#stage.bus.publish(channels.presenceCommands, this.account, {
      kind,
      session: this.session,
      stanza,
      at: this.#stage.now,
    });
  }
}
