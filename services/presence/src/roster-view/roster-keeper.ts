import type { AccountEffect, RosterView } from "@rollcall/contracts";
import type { Logger } from "@rollcall/telemetry";
import type { BareJid } from "@rollcall/xmpp";
import type { PresenceCounters } from "../counters.ts";
import type { JidPool } from "../sessions/jid-pool.ts";
import type { AccountSessions } from "../sessions/session-registry.ts";
import { HeldRoster } from "./held-roster.ts";
import type { RosterViews } from "./roster-view.ts";

type ContactChanged = Extract<AccountEffect, { kind: "contact-changed" }>;

/** A view that is on its way, and the changes that overtook it. */
export interface RosterLoading {
  readonly roster: Promise<HeldRoster>;
  readonly changes: { readonly revision: number; readonly change: ContactChanged }[];
}

export interface RosterKeeperOptions {
  readonly views: RosterViews;
  readonly pool: JidPool;
  readonly isLocal: (jid: BareJid) => boolean;
  readonly sleep: (ms: number) => Promise<void>;
  readonly logger: Logger;
  readonly counters: PresenceCounters;
  /** How long a view is asked for, over all attempts. */
  readonly timeoutMs: number;
  /** Milliseconds of a clock that nobody sets. */
  readonly now: () => number;
}

const FIRST_RETRY_MS = 50;
const LONGEST_RETRY_MS = 1_000;
/** A machine that stood still may have taken all the time, and failed what was under way, without anybody being away. */
const FEWEST_ATTEMPTS = 3;

/**
 * Keeps the roster of an account while a session of it is available or interested, and follows its changes.
 *
 * The roster owner sends changes in the order of its writes; a change with a revision up to that of the view is in the
 * view. A change says all there is to know of its contact, so one that comes twice does no harm.
 */
export class RosterKeeper {
  readonly #options: RosterKeeperOptions;

  constructor(options: RosterKeeperOptions) {
    this.#options = options;
  }

  /** The roster of the account, asked for if it is not held. @throws {BusError} when it is not to be had in time. */
  hold(account: AccountSessions): HeldRoster | Promise<HeldRoster> {
    if (account.roster !== undefined) return account.roster;
    if (account.rosterLoading !== undefined) return account.rosterLoading.roster;
    const changes: RosterLoading["changes"] = [];
    const roster = this.#load(account, changes).finally(() => {
      account.rosterLoading = undefined;
    });
    account.rosterLoading = { roster, changes };
    return roster;
  }

  /**
   * Who may see the account, also where it has no session here.
   * @throws {BusError} when it is not to be had in time.
   */
  async subscribersOf(jid: BareJid, here: AccountSessions | undefined): Promise<readonly BareJid[]> {
    if (here !== undefined) {
      const { subscribers } = await this.hold(here);
      this.releaseUnused(here);
      return subscribers;
    }
    const { contacts } = await this.#ask(jid);
    return contacts
      .filter(({ subscription }) => subscription === "from" || subscription === "both")
      .map(({ contact }) => contact)
      .filter(this.#options.isLocal);
  }

  /** Asks ahead for a roster that will be needed. A failure shows where it is needed. */
  prepare(account: AccountSessions): void {
    const roster = this.hold(account);
    if (roster instanceof Promise) roster.catch(ignore);
  }

  follow(account: AccountSessions, revision: number, change: ContactChanged): void {
    if (account.rosterLoading !== undefined) account.rosterLoading.changes.push({ revision, change });
    else if (account.roster !== undefined) this.#apply(account.roster, revision, change);
  }

  /** Lets the roster go if no session of the account needs it. */
  releaseUnused(account: AccountSessions): void {
    if (account.sessions.some((session) => session.inPresenceSession || session.interested)) return;
    this.drop(account);
  }

  /** Lets the roster of an account go that is somebody else's now. */
  drop(account: AccountSessions): void {
    const { roster } = account;
    if (roster === undefined) return;
    account.roster = undefined;
    roster.release();
    this.#options.counters.rostersHeld--;
  }

  async #load(account: AccountSessions, changes: RosterLoading["changes"]): Promise<HeldRoster> {
    const view = await this.#ask(account.jid);
    const roster = new HeldRoster(view, this.#options.pool, this.#options.isLocal);
    for (const { revision, change } of changes) this.#apply(roster, revision, change);
    account.roster = roster;
    this.#options.counters.rostersHeld++;
    // Nobody may be left who needs it.
    if (account.sessions.length === 0) this.releaseUnused(account);
    return roster;
  }

  async #ask(account: BareJid): Promise<RosterView> {
    const { views, sleep, timeoutMs, now, logger } = this.#options;
    const deadline = now() + timeoutMs;
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await views.view(account);
      } catch (error) {
        const pause = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** attempt);
        if (attempt + 1 >= FEWEST_ATTEMPTS && now() + pause >= deadline) {
          logger.warn({ event: "presence.roster-not-to-be-had", account, error });
          throw error;
        }
        await sleep(pause);
      }
    }
  }

  #apply(roster: HeldRoster, revision: number, { view, pendingRequest }: ContactChanged): void {
    if (revision <= roster.revision) {
      this.#options.counters.effectsSkipped++;
      return;
    }
    roster.change(view, pendingRequest);
  }
}

function ignore(): void {}
