import { type Bus, BusError } from "@rollcall/bus";
import { channels, type RosterView, type SubscribersAnswer } from "@rollcall/contracts";
import type { BareJid } from "@rollcall/xmpp";
import type { PresenceCounters } from "../counters.ts";
import type { RosterViews } from "./roster-view.ts";

/** How long one question may take before it is asked again, or given up. */
const QUESTION_MS = 5_000;
/** Questions under way at once; the others wait for their turn. */
const CONCURRENCY = 256;
/** Questions that may wait; more are refused, so that a login storm cannot fill the memory. */
const WAITING = 100_000;

export interface BusRosterViewsOptions {
  readonly bus: Pick<Bus, "request">;
  readonly counters: PresenceCounters;
  readonly concurrency?: number;
}

/** Asks the roster owner over the bus. Equal questions about a contact that are under way share one answer. */
export class BusRosterViews implements RosterViews {
  readonly #bus: Pick<Bus, "request">;
  readonly #counters: PresenceCounters;
  readonly #concurrency: number;
  readonly #asking = new Map<string, Promise<SubscribersAnswer>>();
  readonly #waiting: (() => void)[] = [];
  #underWay = 0;

  constructor(options: BusRosterViewsOptions) {
    this.#bus = options.bus;
    this.#counters = options.counters;
    this.#concurrency = options.concurrency ?? CONCURRENCY;
  }

  view(account: BareJid): Promise<RosterView> {
    return this.#inTurn(() => this.#bus.request(channels.rosterView, account, { account }, QUESTION_MS));
  }

  contact(account: BareJid, contact: BareJid): Promise<SubscribersAnswer> {
    const question = `${account} ${contact}`;
    const asked = this.#asking.get(question);
    if (asked !== undefined) return asked;
    const answer = this.#inTurn(() =>
      this.#bus.request(channels.subscribers, account, { account, prober: contact }, QUESTION_MS),
    ).finally(() => this.#asking.delete(question));
    this.#asking.set(question, answer);
    return answer;
  }

  async #inTurn<A>(ask: () => Promise<A>): Promise<A> {
    if (this.#underWay >= this.#concurrency) {
      if (this.#waiting.length >= WAITING) throw new BusError("queue-full", "too many roster questions");
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    } else this.#underWay += 1;
    this.#counters.rosterQuestions++;
    try {
      return await ask();
    } catch (error) {
      this.#counters.rosterQuestionsFailed++;
      throw error;
    } finally {
      // The turn goes to who waits longest, or is given back.
      const next = this.#waiting.shift();
      if (next === undefined) this.#underWay -= 1;
      else next();
    }
  }
}
