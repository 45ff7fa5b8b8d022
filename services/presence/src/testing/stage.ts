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
  PARTITIONS,
  partitionOf,
  type RosterView,
  type SessionRef,
  type SubscriptionValue,
} from "@rollcall/contracts";
import { silentLogger } from "@rollcall/telemetry";
import { type BareJid, bareOf, type FullJid, resourceOf, type Stanza } from "@rollcall/xmpp";
import { presenceSettings as declared, type PresenceSettings } from "../config.ts";
import { createMemoryOfflineStore } from "../delivery/memory-offline-store.ts";
import type { OfflineStore } from "../delivery/offline-store.ts";
import { createPresenceService, type PresenceService } from "../service.ts";
import { Client } from "./client.ts";
import type { FakeCluster } from "./fake-cluster.ts";
import { RepeatingBus } from "./repeating-bus.ts";

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
  /** Messages have ids and may come again; nodes and partitions come and go. */
  readonly cluster?: FakeCluster;
}

export class Stage {
  readonly bus: Bus;
  /** The bus, where messages may come again. */
  readonly repeatingBus: RepeatingBus;
  readonly cluster: FakeCluster | undefined;
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
  /** Nodes that take and answer nothing until the promise resolves. */
  readonly frozen = new Map<string, Promise<void>>();
  readonly #received = new Set<string>();
  readonly #nodeBus: Bus;
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
    const memoryBus = createMemoryBus({ logger: silentLogger, encode: true });
    this.repeatingBus = new RepeatingBus(memoryBus);
    this.cluster = options.cluster;
    this.#nodeBus = memoryBus;
    this.bus = options.cluster === undefined ? memoryBus : this.repeatingBus;
    const store = createMemoryOfflineStore(quota);
    this.offlineStore = options.wrapOfflineStore?.(store) ?? store;
    this.service = createPresenceService({
      settings: { ...defaults(), ...options.settings },
      bus: this.bus,
      accounts: this.#accounts,
      offlineStore: this.offlineStore,
      clock: { now: () => this.#now },
      monotonic: () => this.#now,
      logger: silentLogger,
      instanceId: "presence-1",
      cluster: options.cluster,
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
    const boundAt = this.#now;
    const answer = await this.bus.request(channels.bind, account, {
      account,
      session,
      requested: resourceOf(jid),
      generated: `generated-${this.#handles}`,
      at: this.#now,
    });
    if (answer.kind === "refused") throw new Error(answer.condition);
    const client = new Client(this, account, `${account}/${answer.resource}`, session, boundAt);
    this.#clients.set(keyOf(session), client);
    return client;
  }

  /** A question of a node that may be dead already. */
  async connectLate(node: string, account: string): Promise<void> {
    this.#handles += 1;
    const answer = await this.bus.request(channels.bind, account, {
      account: account as BareJid,
      session: { node, session: this.#handles },
      requested: undefined,
      generated: `generated-${this.#handles}`,
      at: this.#now,
    });
    if (answer.kind === "refused") throw new Error(answer.condition);
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
    this.cluster?.join(node);
    this.#nodeBus.consume(channels.nodeDeliveries, { nodeId: node }, async (_, { items }) => {
      await this.frozen.get(node);
      for (const item of items) this.#receive(node, item);
      return done;
    });
    this.#nodeBus.answer(channels.reportSessions, { nodeId: node }, async (_, { partitions, after }) => {
      await this.frozen.get(node);
      const wanted = new Set(partitions.map(({ partition }) => partition));
      const rest = [...this.#clients.values()]
        .filter(({ session, account, hasEnded }) => {
          return (
            session.node === node && session.session > after && wanted.has(partitionOf(account)) && !hasEnded
          );
        })
        .sort((a, b) => a.session.session - b.session.session);
      return { sessions: rest.slice(0, 2).map((client) => client.report()), more: rest.length > 2 };
    });
  }

  /** Loses every partition, and wins it again under that epoch: another owner could be there. */
  async changeOwner(epoch: number): Promise<void> {
    const { partitions } = this.service;
    for (let partition = 0; partition < PARTITIONS; partition += 1) partitions.lost(partition);
    await Promise.all(
      Array.from({ length: PARTITIONS }, (_, partition) => partitions.gained(partition, epoch)),
    );
  }

  /** What the client's node notes of it for the case of its death. */
  note({ session, jid, account }: Client, ...directed: string[]): void {
    this.cluster?.note(session.node, partitionOf(account), [
      { session: session.session, jid: jid as FullJid, directed },
    ]);
  }

  #receive(node: string, item: NodeDelivery): void {
    const id =
      item.kind === "fan-out" ? (item.id ?? item.availableId) : item.kind === "write" ? item.id : undefined;
    if (item.kind !== "close" && id !== undefined) {
      const handles = item.kind === "write" ? [item.session] : item.sessions;
      const isKnown = handles.map((session) => `${keyOf({ node, session })} ${id}`);
      if (isKnown.every((key) => this.#received.has(key))) return;
      for (const key of isKnown) this.#received.add(key);
    }
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
