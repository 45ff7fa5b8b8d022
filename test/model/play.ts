/** One sequence of actions, played on a real server and in the model. */
import assert from "node:assert/strict";
import {
  escapeXml,
  newcomer,
  type Person,
  type RunningServer,
  type XmlNode,
  type XmppClient,
} from "@rollcall/testkit";
import { isPush, versionOf } from "../scenarios/exact-stanzas.ts";
import { type Action, type Beginning, contactOf, type Name, names, nobody, resources } from "./actions.ts";
import { type ModelSession, SubscriptionModel } from "./subscription-model.ts";

/** A session of the model with the real one beside it, and the roster as its client has put it together. */
export interface Pair {
  readonly model: ModelSession;
  client: XmppClient;
  roster: Map<string, string>;
  version: number;
  /** As the server reflects it. */
  isAvailable: boolean;
  /** Resources that the client takes for available, other people's only. */
  readonly visible: Set<string>;
}

/** The people of one sequence, on the server and in the model. */
export class Play {
  readonly model: SubscriptionModel;
  readonly people = new Map<string, Person>();
  readonly pairs = new Map<Name, Pair[]>();
  readonly #aliases = new Map<string, string>();
  readonly #domain: string;
  #actions = 0;
  #logins = 0;

  constructor(domain: string, reached: Map<string, number>) {
    this.model = new SubscriptionModel(reached);
    this.#domain = domain;
    this.#aliases.set(`${nobody}@${domain}`, nobody);
  }

  jidOf(name: string): string {
    return this.people.get(name)?.jid ?? `${nobody}@${this.#domain}`;
  }

  /** A JID in the words of the model. */
  #alias(jid: string | undefined): string {
    const [bare, resource] = (jid ?? "").split("/");
    const name = this.#aliases.get(bare ?? "") ?? `?${bare}`;
    return resource === undefined ? name : `${name}/${resource}`;
  }

  async open(server: RunningServer, sides: readonly Beginning[]): Promise<void> {
    for (const name of names) {
      const person = await newcomer(server, name);
      this.people.set(name, person);
      this.#aliases.set(person.jid, name);
      this.model.addUser(name, true);
    }
    this.model.addUser(nobody, false);
    let at = 0;
    for (const owner of names) {
      for (const contact of names) {
        if (owner !== contact) await this.#begin(owner, contact, sides[at++] as Beginning);
      }
    }
    for (const name of names) {
      const pairs: Pair[] = [];
      this.pairs.set(name, pairs);
      for (let index = 0; index < resources[name]; index++) pairs.push(await this.#login(name));
      await this.#fetch(pairs[0] as Pair, undefined);
    }
  }

  /** As an operator's import would leave it. */
  async #begin(owner: Name, contact: Name, { state, approved, item }: Beginning): Promise<void> {
    const flag = approved && ["None", "None+PO", "To"].includes(state);
    const [value, ...pending] = state.toLowerCase().split("+");
    const ask = pending.includes("po");
    const asked = pending.includes("pi");
    const visible = item || flag || ask || value !== "none";
    if (!visible && !asked) return;
    const stanza = `<presence type='subscribe' from='${this.jidOf(contact)}' to='${this.jidOf(owner)}'><status>old</status></presence>`;
    const record = {
      subscription: value as "none",
      approved: flag,
      in_roster: visible,
      ...(ask ? { ask: "subscribe" as const } : {}),
      pending_requests: asked ? { subscribe: { stanza, at: 1 } } : {},
    };
    const person = this.people.get(owner) as Person;
    await person.server.importRoster(person.jid, { [this.jidOf(contact)]: record });
    const side = this.model.side(owner, contact);
    Object.assign(side, { state, approved: flag, item: visible, request: asked ? "old" : "" });
    if (visible) this.model.user(owner).version += 1;
  }

  async #login(name: Name): Promise<Pair> {
    this.#logins += 1;
    const resource = `r${this.#logins}`;
    const model: ModelSession = { user: name, resource, interested: false, presence: undefined, told: [] };
    const client = await (this.people.get(name) as Person).connect(resource);
    this.model.user(name).sessions.push(model);
    return { model, client, roster: new Map(), version: 0, isAvailable: false, visible: new Set() };
  }

  #wordsOfItem(item: XmlNode): string {
    const { jid, subscription, ask, approved, name } = item.attributes;
    return [
      this.#alias(jid),
      subscription,
      ...(ask === "subscribe" ? ["ask"] : []),
      ...(approved === "true" ? ["approved"] : []),
      ...(subscription === "remove" ? [] : [JSON.stringify(name ?? "")]),
      ...item.elements().map((group) => group.text()),
    ].join(" ");
  }

  /** A stanza in the words of the model. */
  #wordsOf(stanza: XmlNode): string {
    if (isPush(stanza)) {
      const item = stanza.child("query")?.elements() ?? [];
      return `push ${item.map((one) => this.#wordsOfItem(one)).join()} ver ${versionOf(stanza)}`;
    }
    if (stanza.name !== "presence") return stanza.toString();
    const delayed = stanza.child("delay", "urn:xmpp:delay") === undefined ? "" : " delayed";
    const content = `${stanza.childText("status") ?? ""}${delayed}`;
    return `${stanza.type ?? "available"} ${this.#alias(stanza.from)} to ${this.#alias(stanza.to)} ${content}`;
  }

  /** The client does with a stanza what clients do: keeps its roster, and who is here. */
  #digest(pair: Pair, stanza: XmlNode): void {
    if (isPush(stanza)) {
      this.#applyPush(pair, stanza);
      return;
    }
    if (stanza.name !== "presence") return;
    const from = this.#alias(stanza.from);
    const { user, resource } = pair.model;
    if (from === `${user}/${resource}`) {
      // A session hears of the comings and goings of others only while it is available.
      if (pair.isAvailable !== (stanza.type === undefined)) pair.visible.clear();
      pair.isAvailable = stanza.type === undefined;
    }
    if (from.startsWith(`${user}/`)) return;
    if (stanza.type === undefined) pair.visible.add(from);
    if (stanza.type === "unavailable") {
      for (const one of pair.visible)
        if (one === from || one.startsWith(`${from}/`)) pair.visible.delete(one);
    }
  }

  #applyPush(pair: Pair, push: XmlNode): void {
    const version = Number(versionOf(push));
    assert.ok(version > pair.version, `version ${version} after ${pair.version}`);
    pair.version = version;
    const item = push.child("query")?.child("item") as XmlNode;
    const contact = this.#alias(item.attributes.jid);
    if (item.attributes.subscription === "remove") pair.roster.delete(contact);
    else pair.roster.set(contact, this.#wordsOfItem(item));
  }

  /** A roster get, with the version that the client has or without. */
  async #fetch(pair: Pair, version: number | undefined): Promise<void> {
    const result = await pair.client.roster(version === undefined ? undefined : String(version));
    assert.equal(result.type, "result");
    pair.model.interested = true;
    const query = result.child("query", "jabber:iq:roster");
    const now = this.model.user(pair.model.user).version;
    if (query === undefined) {
      assert.notEqual(version, undefined, "an empty result answers a get with a version");
      // The changes since then follow as pushes, for this session only.
      await pair.client.settled();
      const stanzas = pair.client.wire.takeAll();
      for (const stanza of stanzas) {
        assert.ok(isPush(stanza), `a push, and not ${stanza}`);
        this.#applyPush(pair, stanza);
      }
    } else {
      assert.notEqual(version, now, "the present version is answered without the roster");
      pair.roster = new Map(
        query.elements().map((item) => [this.#alias(item.attributes.jid), this.#wordsOfItem(item)]),
      );
      pair.version = Number(query.attributes.ver);
    }
    assert.equal(pair.version, now);
    this.#checkRoster(pair);
  }

  #checkRoster(pair: Pair): void {
    const expected = this.model.roster(pair.model.user);
    assert.deepEqual([...pair.roster.values()].sort(), expected.sort(), `the roster of ${pair.model.user}`);
  }

  /** What the action sends; `undefined` for one that is more than a stanza. */
  #stanzaOf(one: Action, content: string): string | undefined {
    const status = `<status>${content}</status>`;
    const set = (item: string): string =>
      `<iq type='set' id='${content}'><query xmlns='jabber:iq:roster'>${item}</query></iq>`;
    switch (one.kind) {
      case "send":
        return `<presence to='${this.jidOf(contactOf(one.by, one.to))}' type='${one.type}'>${status}</presence>`;
      case "probe":
        return `<presence to='${this.jidOf(contactOf(one.by, one.to))}' type='probe'/>`;
      case "available":
        return `<presence>${status}</presence>`;
      case "unavailable":
        return `<presence type='unavailable'>${status}</presence>`;
      case "set": {
        const groups = one.groups.map((group) => `<group>${escapeXml(group)}</group>`).join("");
        const jid = this.jidOf(contactOf(one.by, one.to));
        return set(`<item jid='${jid}' name='${escapeXml(one.name)}'>${groups}</item>`);
      }
      case "remove":
        return set(`<item jid='${this.jidOf(contactOf(one.by, one.to))}' subscription='remove'/>`);
      case "fetch":
      case "return":
        return undefined;
    }
  }

  /** Does one thing, waits until all that comes of it has come, and compares. */
  async perform(one: Action): Promise<void> {
    this.#actions += 1;
    const content = `act${this.#actions}`;
    const pairs = this.pairs.get(one.by) as Pair[];
    const at = one.from % pairs.length;
    const pair = pairs[at] as Pair;
    const stanza = this.#stanzaOf(one, content);
    if (stanza !== undefined) pair.client.send(stanza);
    switch (one.kind) {
      case "send":
        this.model.send(one.by, contactOf(one.by, one.to), one.type, content);
        break;
      case "probe":
        this.model.probe(pair.model, contactOf(one.by, one.to));
        break;
      case "available":
        this.model.becomeAvailable(pair.model, content);
        break;
      case "unavailable":
        this.model.becomeUnavailable(pair.model, content);
        break;
      case "set":
        assert.equal((await pair.client.receive("iq", { id: content })).type, "result");
        this.model.set(one.by, contactOf(one.by, one.to), one.name, one.groups);
        break;
      case "remove": {
        const answer = await pair.client.receive("iq", { id: content });
        const wasThere = this.model.remove(one.by, contactOf(one.by, one.to));
        assert.equal(answer.error()?.condition, wasThere ? undefined : "item-not-found");
        break;
      }
      case "fetch":
        await this.#fetch(pair, at % 2 === 0 ? pair.version : undefined);
        break;
      case "return":
        await this.#comeBack(one.by, at, content);
    }
    await this.#check();
  }

  /** The session ends, and another one takes its place and knows the roster as far as this one did. */
  async #comeBack(name: Name, at: number, content: string): Promise<void> {
    const pairs = this.pairs.get(name) as Pair[];
    const old = pairs[at] as Pair;
    if (old.model.presence !== undefined) {
      old.client.send(`<presence type='unavailable'><status>${content}</status></presence>`);
      this.model.becomeUnavailable(old.model, content);
      await this.#check();
    }
    const { sessions } = this.model.user(name);
    sessions.splice(sessions.indexOf(old.model), 1);
    old.client.cut();
    const fresh = await this.#login(name);
    pairs[at] = fresh;
    if (!old.model.interested) return;
    fresh.roster = old.roster;
    fresh.version = old.version;
    await this.#fetch(fresh, old.version);
  }

  everybody(): Pair[] {
    return [...this.pairs.values()].flat();
  }

  /** Lets everything come through, and compares what every session was told. */
  async #check(): Promise<void> {
    const heard = new Map<Pair, string[]>(this.everybody().map((pair) => [pair, []]));
    const isMissing = (): boolean =>
      [...heard].some(([pair, lines]) => lines.length < pair.model.told.length);
    for (let attempt = 1; attempt <= 20; attempt++) {
      await this.#quiet();
      for (const [pair, lines] of heard) {
        for (const stanza of pair.client.wire.takeAll()) {
          lines.push(this.#wordsOf(stanza));
          this.#digest(pair, stanza);
        }
      }
      if (!isMissing()) break;
    }
    for (const [pair, lines] of heard) {
      const { user, resource, told, interested } = pair.model;
      assert.deepEqual(lines.sort(), told.splice(0).sort(), `what ${user}/${resource} was told`);
      if (interested) this.#checkRoster(pair);
    }
    this.#checkVisibility();
  }

  /** Who may see somebody and wants to sees every resource, at every resource; who may not sees none (11). */
  #checkVisibility(): void {
    for (const { model, visible } of this.everybody()) {
      if (model.presence === undefined) continue;
      for (const contact of names) {
        if (contact === model.user) continue;
        const seen = [...visible].filter((one) => one.startsWith(`${contact}/`)).sort();
        const here = this.model.available(contact).map(({ resource }) => `${contact}/${resource}`);
        const may = this.model.shows(contact, model.user);
        if (!may) assert.deepEqual(seen, [], `${model.user} may not see ${contact}`);
        else if (this.model.sees(model.user, contact)) {
          assert.deepEqual(seen, here.sort(), `${model.user} sees ${contact}`);
        }
      }
    }
  }

  /** Twice through the roster owner and the presence owner of everybody. */
  async #quiet(): Promise<void> {
    const first = names.map((name) => (this.pairs.get(name) as Pair[])[0] as Pair);
    for (let round = 1; round <= 2; round++) await Promise.all(first.map(({ client }) => client.roster()));
    await Promise.all(this.everybody().map(({ client }) => client.settled()));
  }

  /**
   * Does all of it at once: every session sends what it has to send and waits for nothing. Then what has to be so
   * whatever came first: clients have the roster that the server has; who sees somebody is shown by them; and presence
   * is where it should be, and nowhere else. Logging in again and roster gets are left out.
   */
  async overlap(actions: readonly Action[]): Promise<void> {
    const available = new Set<string>();
    actions.forEach((one, index) => {
      const pairs = this.pairs.get(one.by) as Pair[];
      const { client, model } = pairs[one.from % pairs.length] as Pair;
      const stanza = this.#stanzaOf(one, `act${index}`);
      if (stanza !== undefined) client.send(stanza);
      const self = `${model.user}/${model.resource}`;
      if (one.kind === "available") available.add(self);
      if (one.kind === "unavailable") available.delete(self);
    });
    for (let calm = 0; calm < 2; calm++) {
      await this.#quiet();
      for (const pair of this.everybody()) {
        const stanzas = pair.client.wire.takeAll();
        if (stanzas.length > 0) calm = -1;
        for (const stanza of stanzas) this.#digest(pair, stanza);
      }
    }
    const rosters = new Map<string, ReadonlyMap<string, string>>();
    for (const name of names) {
      const [pair] = this.pairs.get(name) as [Pair, ...Pair[]];
      const query = (await pair.client.roster()).child("query") as XmlNode;
      const items = query
        .elements()
        .map((item) => [this.#alias(item.attributes.jid), this.#wordsOfItem(item)]);
      rosters.set(name, new Map(items as [string, string][]));
      assert.deepEqual(new Map([...pair.roster].sort()), new Map([...(rosters.get(name) ?? [])].sort()));
      assert.equal(pair.version, Number(query.attributes.ver));
    }
    const has = (owner: string, contact: string, ...values: string[]): boolean =>
      values.includes(rosters.get(owner)?.get(contact)?.split(" ")[1] ?? "none");
    for (const pair of this.everybody()) {
      const { user, resource } = pair.model;
      for (const contact of names) {
        if (contact === user) continue;
        const shown = has(contact, user, "from", "both");
        const sees = has(user, contact, "to", "both");
        if (sees) assert.ok(shown, `${user} thinks to see ${contact}, who does not know of it`);
        if (!available.has(`${user}/${resource}`)) continue;
        const seen = [...pair.visible].filter((one) => one.startsWith(`${contact}/`)).sort();
        const here = [...available].filter((one) => one.startsWith(`${contact}/`)).sort();
        if (!shown) assert.deepEqual(seen, [], `${user}/${resource} may not see ${contact}`);
        else if (sees) assert.deepEqual(seen, here, `${user}/${resource} sees ${contact}`);
      }
    }
  }

  close(): void {
    for (const person of this.people.values()) person.leave();
  }
}
