/** A roster service on the memory bus, with everything it says written down in order. For tests. */
import { createMemoryAccountStore } from "@rollcall/accounts";
import { type Bus, createMemoryBus, done, type Outcome, type SendOptions } from "@rollcall/bus";
import {
  type AccountEffect,
  type AccountEffects,
  channels,
  type RosterAdminAnswer,
  type RosterAdminQuestion,
  type RosterCommand,
  type RosterView,
} from "@rollcall/contracts";
import {
  contactIn,
  hasPendingIn,
  hasPendingOut,
  type SubscriptionState,
  subscriptionValue,
} from "@rollcall/rfc6121";
import { silentLogger } from "@rollcall/telemetry";
import { type BareJid, makeStanza, NS, type Stanza, serializeStanza } from "@rollcall/xmpp";
import type { RosterSettings } from "../config.ts";
import { createRosterService, type RosterService } from "../service.ts";
import { createMemoryRosterStore } from "../store/memory-roster-store.ts";
import type { RosterStore } from "../store/roster-store.ts";

export const people = [
  "juliet@x.example",
  "romeo@x.example",
  "nurse@x.example",
] as readonly string[] as readonly [BareJid, BareJid, BareJid];

const defaults: RosterSettings = {
  domains: ["x.example"],
  "roster.bucket": "xmpp",
  "roster.max_items": 20,
  "roster.max_groups_per_item": 5,
  "roster.max_name_bytes": 1023,
  "roster.max_pending_requests": 10,
  "roster.max_request_length": 500,
  "roster.cache_accounts": 100,
  "roster.cache_contacts": 1000,
  "roster.contact_patience_ms": 5_000,
  "roster.max_hand_overs": 1_000,
};

export interface StageOptions {
  readonly store?: RosterStore;
  readonly settings?: Partial<RosterSettings>;
  /** Looks at what is published before the bus gets it; what it throws or rejects with is the failure. */
  readonly onPublish?: (channel: string, key: string, payload: unknown) => Promise<void> | undefined;
  /** Sees how each message was sent. */
  readonly onSend?: (options: SendOptions | undefined) => void;
  readonly instanceId?: string;
  /** Attempts of the bus. */
  readonly attempts?: number;
}

export interface RosterStage {
  readonly service: RosterService;
  readonly store: RosterStore;
  readonly bus: Bus;
  /** What was published since it was last taken: one line for each message, in order. */
  take(): string[];
  /** What the presence owners were told, in order. */
  readonly effects: { readonly account: string; readonly message: AccountEffects }[];
  /** The last answers to the sessions of an account, as XML. */
  answers(account: BareJid): string[];
  command(account: BareJid, kind: RosterCommand["kind"], stanza: Stanza): RosterCommand;
  /** Sends a command as a connection node does, and waits as it does. */
  send(account: BareJid, command: RosterCommand): Promise<void>;
  /** A subscription stanza of a session; waits for automatic replies too. */
  presence(from: BareJid, type: string, to: string, payload?: string): Promise<void>;
  rosterSet(account: BareJid, item: string): Promise<void>;
  rosterGet(account: BareJid, version?: string): Promise<void>;
  admin(account: BareJid, question: RosterAdminQuestion): Promise<RosterAdminAnswer>;
  view(account: BareJid): Promise<RosterView>;
  settled(): Promise<void>;
  state(owner: BareJid, contact: BareJid): Promise<SubscriptionState>;
  /** Brings the first account into a state towards the second, and forgets what was said on the way. */
  become(state: SubscriptionState): Promise<void>;
  close(): Promise<void>;
}

export function presenceStanza(from: string, type: string, to: string, payload = "", id?: string): Stanza {
  return makeStanza("presence", {
    type,
    from,
    to,
    id,
    payload,
    childName: payload === "" ? undefined : "status",
    childNamespace: payload === "" ? undefined : NS.client,
  });
}

export function rosterIq(account: BareJid, type: string, content: string, ver?: string, to?: string): Stanza {
  const version = ver === undefined ? "" : ` ver="${ver}"`;
  return makeStanza("iq", {
    type,
    id: "iq1",
    from: `${account}/r`,
    to,
    payload: `<query xmlns="jabber:iq:roster"${version}>${content}</query>`,
    childName: "query",
    childNamespace: NS.roster,
  });
}

function nameOf(jid: string | undefined): string {
  return jid?.replace(/@x\.example.*/, "") ?? "nobody";
}

function describeItem(item: string): string {
  const value = (name: string) => new RegExp(`${name}="([^"]*)"`).exec(item)?.[1];
  const marks = [value("subscription"), value("ask") && "ask", value("approved") && "approved"];
  return `${nameOf(value("jid"))}:${marks.filter((mark) => mark !== undefined).join("+")}`;
}

export function describeEffect(effect: AccountEffect): string {
  switch (effect.kind) {
    case "answer-session": {
      const condition = /<error [^>]*><([a-z-]+)/.exec(effect.stanza.payload)?.[1];
      const what = condition ?? (effect.stanza.payload === "" ? "empty" : "roster");
      return `answer ${effect.stanza.kind} ${what}${effect.interestedFrom === undefined ? "" : " interested"}`;
    }
    case "push-item":
      return `push ${describeItem(effect.item)}@${effect.version}${effect.only === undefined ? "" : " only"}`;
    case "deliver-to-interested":
      return `interested ${effect.stanza.type} of ${nameOf(effect.stanza.from)}`;
    case "deliver-to-available":
      return `available ${effect.stanza.type} of ${nameOf(effect.stanza.from)}`;
    case "contact-changed": {
      const { view, pendingRequest } = effect;
      const marks = `${view.inRoster ? "" : " no-item"}${pendingRequest === undefined ? "" : " request"}`;
      return `changed ${nameOf(view.contact)}:${view.subscription}${marks}`;
    }
    case "send-presence-to-contact":
      return `presence to ${nameOf(effect.contact)}`;
    case "send-unavailable-to-contact":
      return `unavailable to ${nameOf(effect.contact)}`;
    case "account-removed":
      return "account-removed";
  }
}

function describeMessage(channel: string, key: string, payload: unknown): string {
  if (channel === channels.presenceCommands.name) {
    return `${nameOf(key)}: ${(payload as AccountEffects).effects.map(describeEffect).join(", ")}`;
  }
  const { stanza } = payload as { stanza: Stanza };
  return `${nameOf(key)} <- ${stanza.type} of ${nameOf(stanza.from)}`;
}

export async function openStage(options: StageOptions = {}): Promise<RosterStage> {
  const store = options.store ?? createMemoryRosterStore();
  const accounts = createMemoryAccountStore();
  const keys = { salt: "", iterations: 4096, storedKey: "", serverKey: "" };
  for (const jid of people) {
    await accounts.put({
      jid,
      scram: { "SCRAM-SHA-1": keys, "SCRAM-SHA-256": keys },
      disabled: false,
      createdAt: 0,
    });
  }
  const inner = createMemoryBus({
    logger: silentLogger,
    encode: true,
    retryMs: 1,
    patienceMs: 20,
    ...(options.attempts === undefined ? {} : { attempts: options.attempts }),
  });
  let lines: string[] = [];
  const effects: RosterStage["effects"] = [];
  const bus: Bus = {
    publish: async (channel, key, payload, how) => {
      if (channel.name !== channels.rosterCommands.name) options.onSend?.(how);
      if (channel.name !== channels.rosterCommands.name)
        lines.push(describeMessage(channel.name, key, payload));
      await options.onPublish?.(channel.name, key, payload);
      return inner.publish(channel, key, payload);
    },
    multicast: (channel, keys, payload) => inner.multicast(channel, keys, payload),
    request: (channel, key, question, timeoutMs) => inner.request(channel, key, question, timeoutMs),
    consume: (channel, how, handle) => inner.consume(channel, how, handle),
    consumeMulticast: (channel, how, handle) => inner.consumeMulticast(channel, how, handle),
    answer: (channel, how, handle) => inner.answer(channel, how, handle),
    drain: () => inner.drain(),
  };
  inner.consume(channels.presenceCommands, {}, (account, command): Outcome => {
    if (command.kind === "account-effects") effects.push({ account, message: command });
    return done;
  });
  let time = 0;
  const service = createRosterService({
    settings: { ...defaults, ...options.settings },
    bus,
    store,
    accounts,
    clock: { now: () => ++time },
    logger: silentLogger,
    instanceId: options.instanceId ?? "roster-1",
  });
  await service.start();

  let sequence = 0;
  const stage: RosterStage = {
    service,
    store,
    bus,
    effects,
    take() {
      const taken = lines;
      lines = [];
      return taken;
    },
    answers: (account) =>
      effects
        .filter((one) => one.account === account)
        .flatMap(({ message }) => message.effects)
        .filter((effect) => effect.kind === "answer-session")
        .map(({ stanza }) => serializeStanza(stanza)),
    command(account, kind, stanza) {
      sequence += 1;
      const id = { origin: "node-1", session: people.indexOf(account), sequence };
      return { kind, id, session: { node: "node-1", session: people.indexOf(account) }, stanza, at: ++time };
    },
    send: (account, command) => bus.publish(channels.rosterCommands, account, command),
    async presence(from, type, to, payload) {
      const stanza = presenceStanza(from, type, to, payload);
      await stage.send(from, stage.command(from, "outbound-subscription", stanza));
      await stage.settled();
    },
    rosterSet: (account, item) =>
      stage.send(account, stage.command(account, "roster-iq", rosterIq(account, "set", item))),
    rosterGet: (account, version) =>
      stage.send(account, stage.command(account, "roster-iq", rosterIq(account, "get", "", version))),
    admin: (account, question) => bus.request(channels.rosterAdmin, account, question),
    view: (account) => bus.request(channels.rosterView, account, { account }),
    async settled() {
      while (service.counters.handOversUnderWay > 0)
        await new Promise<void>((resolve) => setImmediate(resolve));
    },
    state: async (owner, contact) => contactIn((await store.load(owner)).roster, contact).subscription.state,
    async become(goal) {
      const [first, second] = people;
      const value = subscriptionValue(goal);
      if (value === "to" || value === "both") {
        await stage.presence(first, "subscribe", second);
        await stage.presence(second, "subscribed", first);
      }
      if (value === "from" || value === "both") {
        await stage.presence(second, "subscribe", first);
        await stage.presence(first, "subscribed", second);
      }
      if (hasPendingOut(goal)) await stage.presence(first, "subscribe", second);
      if (hasPendingIn(goal)) await stage.presence(second, "subscribe", first);
      if ((await stage.state(first, second)) !== goal) throw new Error(`there is no way to ${goal}`);
      stage.take();
    },
    async close() {
      await service.drain(1_000);
      await service.stop();
      await inner.drain();
    },
  };
  return stage;
}
