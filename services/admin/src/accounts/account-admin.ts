import type { AccountStore } from "@rollcall/accounts";
import type { Bus } from "@rollcall/bus";
import { channels } from "@rollcall/contracts";
import type { Clock } from "@rollcall/runtime";
import type { Logger } from "@rollcall/telemetry";
import type { BareJid } from "@rollcall/xmpp";
import type { AdminCounters } from "../counters.ts";
import { KeyedLock } from "../keyed-lock.ts";
import type { Refusal } from "../refusal.ts";
import { derivePasswordKeys, isPasswordOf } from "./password-keys.ts";

export interface AccountAdminDeps {
  readonly accounts: AccountStore;
  readonly bus: Pick<Bus, "request">;
  readonly clock: Clock;
  readonly counters: AdminCounters;
  readonly iterations: number;
  readonly logger: Logger;
  /** Deletes what is kept for an account that is away. Deleting nothing is no error. */
  readonly removeOfflineMessages: (jid: BareJid) => Promise<void>;
}

/** What became of an account that was removed. */
export interface RemovedAccount {
  readonly kind: "removed";
  readonly sessions: number;
  readonly contacts: number;
}

/** Milliseconds for an owner that has many contacts to tell. */
const removalTimeoutMs = 45_000;

/**
 * Creates, changes and removes accounts, one operation at a time per account. Passwords come in prepared
 * (`preparePassword`). Faults of store and bus pass through; after any of them the same call may be made again.
 */
export class AccountAdmin {
  readonly #deps: AccountAdminDeps;
  readonly #lock = new KeyedLock();

  constructor(deps: AccountAdminDeps) {
    this.#deps = deps;
  }

  create(jid: BareJid, password: string): Promise<"created" | Refusal> {
    return this.#lock.run(jid, async () => {
      const { accounts, clock, counters, iterations, logger } = this.#deps;
      if ((await accounts.find(jid)) !== undefined) return exists(jid);
      const scram = await derivePasswordKeys(password, iterations);
      await accounts.put({ jid, scram, disabled: false, createdAt: clock.now() });
      counters.usersCreated++;
      logger.info({ event: "admin.user-created", jid });
      return "created";
    });
  }

  setPassword(jid: BareJid, password: string): Promise<"changed" | Refusal> {
    return this.#lock.run(jid, async () => {
      const { accounts, counters, iterations, logger } = this.#deps;
      const account = await accounts.find(jid);
      if (account === undefined) return noAccount(jid);
      await accounts.put({ ...account, scram: await derivePasswordKeys(password, iterations) });
      counters.passwordsChanged++;
      logger.info({ event: "admin.password-changed", jid });
      return "changed";
    });
  }

  /** Makes the account be there with this password; one that is so already is not written. */
  ensure(jid: BareJid, password: string): Promise<"created" | "changed" | "unchanged"> {
    return this.#lock.run(jid, async () => {
      const { accounts, clock, counters, iterations } = this.#deps;
      const account = await accounts.find(jid);
      if (
        account !== undefined &&
        Object.values(account.scram).every((keys) => keys.iterations === iterations) &&
        (await isPasswordOf(account.scram, password))
      ) {
        return "unchanged";
      }
      const scram = await derivePasswordKeys(password, iterations);
      if (account === undefined) {
        await accounts.put({ jid, scram, disabled: false, createdAt: clock.now() });
        counters.usersCreated++;
        return "created";
      }
      await accounts.put({ ...account, scram });
      counters.passwordsChanged++;
      return "changed";
    });
  }

  /**
   * Removes the account and what belongs to it: keys first, so that nobody logs in again, then the sessions, the
   * roster with the contacts' subscriptions, and the messages that waited. A removal that a fault cut off is
   * finished by the next call, also where the keys are gone already.
   */
  remove(jid: BareJid): Promise<RemovedAccount | Refusal> {
    return this.#lock.run(jid, async () => {
      const { accounts, counters, logger, removeOfflineMessages } = this.#deps;
      const existed = await accounts.remove(jid);
      let sessions = await this.#endSessions(jid);
      const contacts = await this.#removeRoster(jid);
      if (typeof contacts !== "number") return contacts;
      await removeOfflineMessages(jid);
      // A login that the keys had let in may have bound a resource in the meantime.
      sessions += await this.#endSessions(jid);
      if (!existed && sessions === 0 && contacts === 0) return noAccount(jid);
      counters.usersRemoved++;
      logger.info({ event: "admin.user-removed", jid, sessions, contacts });
      return { kind: "removed", sessions, contacts };
    });
  }

  async #endSessions(jid: BareJid): Promise<number> {
    const { sessions } = await this.#deps.bus.request(
      channels.presenceAdmin,
      jid,
      { kind: "end-sessions" },
      removalTimeoutMs,
    );
    return sessions.length;
  }

  async #removeRoster(jid: BareJid): Promise<number | Refusal> {
    const answer = await this.#deps.bus.request(
      channels.rosterAdmin,
      jid,
      { kind: "remove-account" },
      removalTimeoutMs,
    );
    if (answer.kind === "removed") return answer.contacts;
    if (answer.kind === "refused") return { kind: "refused", reason: "refused", message: answer.reason };
    throw new Error(`the roster owner answered remove-account with ${answer.kind}`);
  }
}

function exists(jid: BareJid): Refusal {
  return { kind: "refused", reason: "exists", message: `${jid} exists already; passwd changes its password` };
}

export function noAccount(jid: BareJid): Refusal {
  return { kind: "refused", reason: "not-found", message: `there is no account ${jid}` };
}
