/**
 * Two accounts do to each other whatever comes to mind, through the whole service, and a second opinion follows:
 * a model that knows neither states nor tables, only who sees whom, who has asked whom, and the sentences of RFC 6121.
 *
 * "lost" and "stray" bring in what no two correct servers would do: a side that forgot, and stanzas from nowhere.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { channels } from "@rollcall/contracts";
import {
  hasPendingIn,
  itemXml,
  rosterItems,
  type SubscriptionState,
  subscriptionState,
} from "@rollcall/rfc6121";
import type { BareJid } from "@rollcall/xmpp";
import fc from "fast-check";
import {
  describeEffect,
  openStage,
  people,
  presenceStanza,
  type RosterStage,
} from "./testing/roster-stage.ts";

const [juliet, romeo] = people;
const types = ["subscribe", "subscribed", "unsubscribe", "unsubscribed"] as const;
type Type = (typeof types)[number];

interface Side {
  /** I see the contact's presence. */
  sees: boolean;
  /** The contact sees mine. */
  shows: boolean;
  /** I have asked and wait. */
  asked: boolean;
  /** The contact has asked and waits. */
  wasAsked: boolean;
  approved: boolean;
  item: boolean;
}

type Action =
  | { readonly kind: "send"; readonly by: BareJid; readonly type: Type }
  | { readonly kind: "stray"; readonly by: BareJid; readonly type: Type }
  | { readonly kind: "set"; readonly by: BareJid; readonly name: string }
  | { readonly kind: "remove"; readonly by: BareJid }
  | { readonly kind: "lost"; readonly by: BareJid };

function other(jid: BareJid): BareJid {
  return jid === juliet ? romeo : juliet;
}

const strangers = (): Side => ({
  sees: false,
  shows: false,
  asked: false,
  wasAsked: false,
  approved: false,
  item: false,
});

class Model {
  readonly sides = new Map<BareJid, Side>([
    [juliet, strangers()],
    [romeo, strangers()],
  ]);
  /** What each account's clients and presence were told. */
  readonly told = new Map<BareJid, string[]>();
  readonly reached: Set<string>;

  constructor(reached: Set<string>) {
    this.reached = reached;
  }

  side(jid: BareJid): Side {
    return this.sides.get(jid)!;
  }

  stateOf(jid: BareJid): SubscriptionState {
    const { sees, shows, asked, wasAsked } = this.side(jid);
    const value = sees ? (shows ? "both" : "to") : shows ? "from" : "none";
    return subscriptionState(value, asked, wasAsked);
  }

  #say(jid: BareJid, ...what: string[]): void {
    this.told.set(jid, [...(this.told.get(jid) ?? []), ...what]);
  }

  #mark(jid: BareJid, event: string): void {
    this.reached.add(`${event} in ${this.stateOf(jid)}${this.side(jid).approved ? " approved" : ""}`);
  }

  act(action: Action): void {
    this.told.clear();
    const me = action.by;
    const you = other(me);
    switch (action.kind) {
      case "send":
        this.#out(me, action.type);
        break;
      case "stray":
        this.#in(you, action.type);
        break;
      case "set":
        this.side(me).item = true;
        this.#say(me, "answer", "push");
        break;
      case "remove":
        this.#remove(me);
        break;
      case "lost":
        this.sides.set(me, strangers());
    }
  }

  #remove(me: BareJid): void {
    const { item, sees, shows, asked, wasAsked } = this.side(me);
    this.#say(me, "answer");
    if (!item) return;
    this.sides.set(me, strangers());
    this.#say(me, "push");
    if (shows) this.#say(me, "unavailable");
    if (sees || asked) this.#in(other(me), "unsubscribe");
    if (shows || wasAsked) this.#in(other(me), "unsubscribed");
  }

  #out(me: BareJid, type: Type): void {
    this.#mark(me, `out:${type}`);
    const side = this.side(me);
    const push = () => {
      side.item = true;
      this.#say(me, "push");
    };
    switch (type) {
      case "subscribe":
        if (!side.sees && !side.asked) {
          side.asked = true;
          push();
        }
        this.#in(other(me), type);
        return;
      case "unsubscribe":
        if (side.sees || side.asked) {
          side.sees = false;
          side.asked = false;
          push();
        }
        this.#in(other(me), type);
        return;
      case "subscribed":
        if (side.wasAsked) {
          side.wasAsked = false;
          side.approved = false;
          side.shows = true;
          push();
          this.#say(me, "presence");
          this.#in(other(me), type);
        } else if (!side.shows && !side.approved) {
          side.approved = true;
          push();
        }
        return;
      case "unsubscribed": {
        const isRouted = side.shows || side.wasAsked;
        if (side.shows) this.#say(me, "unavailable");
        if (side.shows || side.approved) push();
        side.shows = false;
        side.wasAsked = false;
        side.approved = false;
        if (isRouted) this.#in(other(me), type);
      }
    }
  }

  #in(me: BareJid, type: Type): void {
    this.#mark(me, `in:${type}`);
    const side = this.side(me);
    switch (type) {
      case "subscribe":
        if (side.shows) this.#say(me, "presence");
        else if (side.approved) {
          side.approved = false;
          side.wasAsked = false;
          side.shows = true;
          this.#say(me, "push", "presence");
        } else {
          if (!side.wasAsked) this.#say(me, "deliver");
          side.wasAsked = true;
          return;
        }
        this.#in(other(me), "subscribed");
        return;
      case "subscribed":
        if (!side.asked) return;
        side.asked = false;
        side.sees = true;
        this.#say(me, "deliver", "push");
        return;
      case "unsubscribe":
        if (side.shows) this.#say(me, "deliver", "push", "unavailable");
        else if (side.wasAsked) this.#say(me, "deliver");
        else return;
        side.shows = false;
        side.wasAsked = false;
        return;
      case "unsubscribed":
        if (!side.sees && !side.asked) return;
        side.sees = false;
        side.asked = false;
        this.#say(me, "deliver", "push");
    }
  }
}

/** Model and service say the same thing in their own words. */
function plainly(effect: string): string | undefined {
  if (effect.startsWith("changed")) return undefined;
  if (effect.startsWith("available") || effect.startsWith("interested")) return "deliver";
  return effect.split(" ")[0];
}

const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constant("send" as const),
      by: fc.constantFrom(juliet, romeo),
      type: fc.constantFrom(...types),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("stray" as const),
      by: fc.constantFrom(juliet, romeo),
      type: fc.constantFrom(...types),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("set" as const),
      by: fc.constantFrom(juliet, romeo),
      name: fc.constantFrom("a", "b"),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("remove" as const), by: fc.constantFrom(juliet, romeo) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("lost" as const), by: fc.constantFrom(juliet, romeo) }),
  },
);

describe("two accounts against the model", () => {
  let stage: RosterStage;
  let strays = 0;
  const reached = new Set<string>();

  before(async () => {
    stage = await openStage();
  });

  after(() => stage.close());

  async function perform(one: Action): Promise<void> {
    const you = other(one.by);
    switch (one.kind) {
      case "send":
        return stage.presence(one.by, one.type, you);
      case "stray": {
        strays += 1;
        const id = { origin: "stray", session: 0, sequence: strays };
        const stanza = presenceStanza(one.by, one.type, you);
        await stage.bus.publish(channels.inboundSubscriptions, you, { id, stanza, at: 1 });
        return stage.settled();
      }
      case "set":
        return stage.rosterSet(one.by, `<item jid="${you}" name="${one.name}"/>`);
      case "remove":
        await stage.rosterSet(one.by, `<item jid="${you}" subscription="remove"/>`);
        return stage.settled();
      case "lost":
        await stage.store.update(one.by, () => ({
          changes: [{ kind: "remove", jid: you }],
          result: undefined,
        }));
    }
  }

  /** What a client has of the roster that applies every push, from an empty one on. */
  async function checkClients(clients: Map<BareJid, Map<string, string>>, isLost: BareJid | undefined) {
    for (const { account, message } of stage.effects) {
      const client = clients.get(account as BareJid)!;
      for (const effect of message.effects) {
        if (effect.kind !== "push-item") continue;
        const jid = /jid="([^"]*)"/.exec(effect.item)?.[1] ?? "";
        if (effect.item.includes('subscription="remove"')) client.delete(jid);
        else client.set(jid, effect.item);
      }
    }
    for (const [owner, client] of clients) {
      if (owner === isLost) client.clear();
      const { roster } = await stage.store.load(owner);
      assert.deepEqual(
        [...client.values()],
        [...rosterItems(roster)].map(itemXml),
        "clients have the roster",
      );
    }
  }

  async function check(model: Model): Promise<void> {
    for (const me of [juliet, romeo]) {
      const told = stage.effects
        .filter(({ account }) => account === me)
        .flatMap(({ message }) => message.effects)
        .map((effect) => plainly(describeEffect(effect)))
        .filter((effect) => effect !== undefined);
      assert.deepEqual(told.sort(), [...(model.told.get(me) ?? [])].sort(), `what ${me} was told`);
      const contact = (await stage.store.load(me)).roster.contacts.get(other(me));
      assert.equal(contact?.subscription.state ?? "none", model.stateOf(me));
      assert.equal(contact?.subscription.approved ?? false, model.side(me).approved);
      assert.equal(contact?.inRoster ?? false, model.side(me).item);
      assert.equal(contact?.request !== undefined, hasPendingIn(model.stateOf(me)));
    }
  }

  test("state, effects and clients agree after every action", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(action, { minLength: 8, maxLength: 25 }), async (actions) => {
        for (const owner of [juliet, romeo]) await stage.store.remove(owner);
        const model = new Model(reached);
        const clients = new Map([juliet, romeo].map((owner) => [owner, new Map<string, string>()]));
        for (const one of actions) {
          stage.effects.length = 0;
          stage.take();
          model.act(one);
          await perform(one);
          await check(model);
          await checkClients(clients, one.kind === "lost" ? one.by : undefined);
        }
      }),
      { numRuns: 250, seed: 6121 },
    );
  });

  test("all 72 cells were reached, and every event of a pre-approved contact", () => {
    const missing: string[] = [];
    const states: SubscriptionState[] = [
      "none",
      "none+pending-out",
      "none+pending-in",
      "none+pending-out+in",
      "to",
      "to+pending-in",
      "from",
      "from+pending-out",
      "both",
    ];
    for (const way of ["out", "in"] as const) {
      for (const type of types) {
        for (const state of states) {
          const approvable = state === "none" || state === "none+pending-out" || state === "to";
          const cells = [
            `${way}:${type} in ${state}`,
            ...(approvable ? [`${way}:${type} in ${state} approved`] : []),
          ];
          missing.push(...cells.filter((cell) => !reached.has(cell)));
        }
      }
    }
    assert.deepEqual(missing, []);
  });
});
