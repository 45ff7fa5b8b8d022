/**
 * What clients asked for, what the server acknowledged, and what the roster may therefore say afterwards. Knows
 * nothing of the server.
 *
 * Each entry (somebody's contact, say) is changed by one session at a time, so that its changes have an order. What
 * was acknowledged last must be there; one change that was under way when the server died may have happened instead.
 */
export class RosterHistory {
  readonly #entries = new Map<string, { acknowledged: string; underWay: string | undefined }>();
  readonly #versions = new Map<string, { seen: bigint; changes: number }>();
  acknowledgements = 0;

  /** A change is about to be sent. */
  intend(entry: string, value: string): void {
    const state = this.#state(entry);
    if (state.underWay !== undefined) throw new Error(`${entry} is being changed already`);
    state.underWay = value;
  }

  /** The server said that it is done. `owner` is whose roster got a new version by it. */
  acknowledge(entry: string, owner: string): void {
    const state = this.#state(entry);
    if (state.underWay === undefined) throw new Error(`${entry} was acknowledged without being changed`);
    state.acknowledged = state.underWay;
    state.underWay = undefined;
    const version = this.#versions.get(owner);
    if (version !== undefined) version.changes += 1;
    this.acknowledgements += 1;
  }

  /** Changes whose fate is unknown. */
  get underWay(): number {
    return [...this.#entries.values()].filter((state) => state.underWay !== undefined).length;
  }

  /** What the server says now; from here on that is what holds. @returns what is wrong with it. */
  observe(entry: string, value: string): string[] {
    const state = this.#state(entry);
    const { acknowledged, underWay } = state;
    state.acknowledged = value;
    state.underWay = undefined;
    if (value === acknowledged || value === underWay) return [];
    return [`${entry} is ${value}; acknowledged was ${acknowledged}, under way ${underWay ?? "nothing"}`];
  }

  /** The version of a whole roster: at least one more for every acknowledged change of it since the last look. */
  observeVersion(owner: string, version: string): string[] {
    const now = BigInt(version);
    const before = this.#versions.get(owner);
    this.#versions.set(owner, { seen: now, changes: 0 });
    if (before === undefined || now >= before.seen + BigInt(before.changes)) return [];
    return [
      `${owner}'s roster has version ${now}, after ${before.seen} and ${before.changes} acknowledged changes`,
    ];
  }

  #state(entry: string): { acknowledged: string; underWay: string | undefined } {
    let state = this.#entries.get(entry);
    if (state === undefined) {
      state = { acknowledged: "absent", underWay: undefined };
      this.#entries.set(entry, state);
    }
    return state;
  }
}

/** The contacts that a roster names more than once: what was acknowledged once may be there once. */
export function repeated(owner: string, contacts: readonly string[]): string[] {
  const seen = new Set<string>();
  const twice = new Set<string>();
  for (const contact of contacts) (seen.has(contact) ? twice : seen).add(contact);
  return [...twice].map((contact) => `${owner} has ${contact} more than once`);
}

/** One direction of a subscription as the two rosters have it. */
export interface Subscription {
  readonly subscriber: string;
  readonly contact: string;
  /** `subscription` of the contact in the subscriber's roster, and whether a request is pending there. */
  readonly here: string;
  readonly asks: boolean;
  /** `subscription` of the subscriber in the contact's roster. */
  readonly there: string;
}

/** What the two rosters do not agree upon. */
export function disagreements(subscriptions: readonly Subscription[]): string[] {
  return subscriptions
    .filter(({ here, asks, there }) => {
      const subscribed = here === "to" || here === "both";
      const shared = there === "from" || there === "both";
      return asks || subscribed !== shared;
    })
    .map(
      ({ subscriber, contact, here, asks, there }) =>
        `${subscriber} has ${contact} as ${here}${asks ? " (asking)" : ""}, ${contact} has ${subscriber} as ${there}`,
    );
}
