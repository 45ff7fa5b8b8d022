/** Everybody in a chaos run: who they are, who their friends are, and what they do. */
import { ChaosClient } from "./chaos-client.ts";
import type { SentStanza } from "./checker/history.ts";
import type { ChaosUser, ClusterUnderChaos, NodeAddress } from "./cluster-under-chaos.ts";
import { oneOf, type Pick, weighted } from "./random.ts";
import type { Recorder } from "./recorder.ts";

/** Friends on either side of everybody's place in the ring. */
const friendsEachSide = 3;
/** Beyond them come those with whom subscriptions change. */
const changingEachSide = 2;
const strangers = 3;

export function usersOf(count: number): ChaosUser[] {
  return Array.from({ length: count }, (_, i) => ({
    username: nameOf(i, count),
    friends: neighbours(i, count, 1, friendsEachSide),
  }));
}

function nameOf(i: number, count: number): string {
  return `u${((i % count) + count) % count}`;
}

function neighbours(i: number, count: number, from: number, to: number): string[] {
  const names = new Set<string>();
  for (let step = from; step <= to; step += 1) {
    names.add(nameOf(i + step, count));
    names.add(nameOf(i - step, count));
  }
  names.delete(nameOf(i, count));
  return [...names];
}

export class Cast {
  readonly clients: ChaosClient[] = [];
  actions = 0;
  readonly #pick: Pick;
  readonly #byAccount = new Map<string, ChaosClient[]>();
  readonly #users: readonly ChaosUser[];
  readonly #domain: string;
  readonly #client: (username: string, resource: string) => ChaosClient;

  /** @param pick decides who has how many resources and what they do. */
  constructor(users: readonly ChaosUser[], cluster: ClusterUnderChaos, recorder: Recorder, pick: Pick) {
    this.#users = users;
    this.#pick = pick;
    this.#domain = cluster.domain;
    let sessions = 0;
    const nextSession = (): number => {
      sessions += 1;
      return sessions;
    };
    const node = (last: string | undefined): NodeAddress | undefined => {
      const nodes = cluster.nodes();
      const others = nodes.filter(({ name }) => name !== last);
      const list = others.length > 0 ? others : nodes;
      return list[Math.floor(Math.random() * list.length)];
    };
    const { domain, password } = cluster;
    this.#client = (username, resource) =>
      new ChaosClient({ username, resource, domain, password, recorder, nextSession, node });
    for (const { username, friends } of users) {
      for (const friend of friends) {
        if (username > friend) continue;
        recorder.add({ kind: "friends", accounts: [this.#jid(username), this.#jid(friend)] });
      }
      const count = weighted(pick, [
        [4, 1],
        [4, 2],
        [2, 3],
      ]);
      const devices = ["desk", "phone", "tablet"]
        .slice(0, count)
        .map((resource) => this.#client(username, resource));
      this.#byAccount.set(this.#jid(username), devices);
      this.clients.push(...devices);
    }
  }

  /** One more client for each user, in the order of the users, for a look at the end. */
  readers(): ChaosClient[] {
    const readers = this.#users.map(({ username }) => this.#client(username, "reader"));
    this.clients.push(...readers);
    return readers;
  }

  /** Lets somebody do something, as the seed says; whoever is not online comes. */
  act(): void {
    const pick = this.#pick;
    const client = oneOf(pick, this.clients);
    // Drawn before anything is known of the client's state: the plan is the same for the same seed.
    const action = weighted<(client: ChaosClient, die: number) => void>(pick, [
      [30, (one, die) => this.#message(one, die)],
      [20, (one) => one.send({ what: "available" })],
      [6, (one, die) => this.#directed(one, die)],
      [12, (one, die) => this.#question(one, die)],
      [12, (one, die) => this.#rosterSet(one, die)],
      [10, (one, die) => this.#subscription(one, die)],
      [2, (one) => one.leave("abrupt")],
      [2, (one) => one.leave("graceful")],
    ]);
    const die = pick(1_000_000);
    this.actions += 1;
    if (!client.wanted) client.come();
    else if (client.ready) action(client, die);
  }

  #jid(username: string): string {
    return `${username}@${this.#domain}`;
  }

  #indexOf(client: ChaosClient): number {
    return Number(/^u(\d+)@/.exec(client.account)?.[1]);
  }

  /** A session of a friend that is there. */
  #friend(client: ChaosClient, die: number): ChaosClient | undefined {
    const friends = this.#users[this.#indexOf(client)]?.friends ?? [];
    const there = friends
      .flatMap((name) => this.#byAccount.get(this.#jid(name)) ?? [])
      .filter((one) => one.ready);
    return there[die % Math.max(there.length, 1)];
  }

  #message(client: ChaosClient, die: number): void {
    const friend = this.#friend(client, die >> 1);
    if (friend !== undefined)
      client.send({ what: "message", to: die % 2 === 0 ? friend.jid : friend.account });
  }

  #question(client: ChaosClient, die: number): void {
    const friend = this.#friend(client, die);
    if (friend !== undefined) client.send({ what: "iq", to: friend.jid });
  }

  #directed(client: ChaosClient, die: number): void {
    const there = this.clients.filter((one) => one.ready && one.account !== client.account);
    const to = there[die % Math.max(there.length, 1)];
    if (to !== undefined) client.send({ what: "available", to: to.jid });
  }

  #rosterSet(client: ChaosClient, die: number): void {
    const which = die % (strangers + 2);
    const friend = this.#users[this.#indexOf(client)]?.friends[0];
    const removes = die % 7 === 0 && which < strangers;
    const contact =
      which < strangers || friend === undefined
        ? `stranger${which}-of-${client.account.replace("@", ".")}`
        : this.#jid(friend);
    client.send({ what: "roster-set", contact, name: removes ? undefined : `name ${this.actions}` });
  }

  #subscription(client: ChaosClient, die: number): void {
    const request = [...client.requests][0];
    if (request !== undefined && die % 3 > 0) {
      client.requests.delete(request);
      const type = die % 3 === 1 ? "subscribed" : "unsubscribed";
      client.send({ what: "subscription", type, to: request });
      return;
    }
    const index = this.#indexOf(client);
    const others = neighbours(
      index,
      this.#users.length,
      friendsEachSide + 1,
      friendsEachSide + changingEachSide,
    );
    const name = others[die % Math.max(others.length, 1)];
    if (name === undefined) return;
    client.send(this.#change(client, this.#jid(name), die));
  }

  #change(client: ChaosClient, contact: string, die: number): SentStanza {
    const item = client.roster.get(contact);
    const subscription = item?.subscription ?? "none";
    if (item !== undefined && die % 11 === 0) return { what: "roster-set", contact, name: undefined };
    if (/^(from|both)$/.test(subscription) && die % 5 === 0) {
      return { what: "subscription", type: "unsubscribed", to: contact };
    }
    const wants = /^(to|both)$/.test(subscription) || item?.asks === true;
    return { what: "subscription", type: wants ? "unsubscribe" : "subscribe", to: contact };
  }
}
