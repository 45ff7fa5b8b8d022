import { type AccountStore, StoreUnavailableError } from "@rollcall/accounts";
import { activeSpan, type Logger, withSpan } from "@rollcall/telemetry";
import { isKeptOffline, withDelay } from "@rollcall/xeps";
import { type BareJid, type Stanza, serializeStanza } from "@rollcall/xmpp";
import type { PresenceCounters } from "../counters.ts";
import type { LocalDomains } from "../local-domains.ts";
import type { Session } from "../sessions/session-registry.ts";
import type { OfflineStore } from "./offline-store.ts";

export interface OfflineDeps {
  readonly accounts: AccountStore;
  readonly offlineStore: OfflineStore;
  readonly domains: LocalDomains;
  readonly logger: Logger;
  readonly counters: PresenceCounters;
  readonly instanceId: string;
  /** Whether messages are kept at all. */
  readonly enabled: boolean;
}

/**
 * What became of a message that nobody takes now. `no-account`: there is nobody to keep it for. `not-kept`: its content
 * is not worth keeping. `busy`: the store did not answer, so that the sender has to try again.
 */
export type StoringOutcome = "stored" | "full" | "no-account" | "not-kept" | "busy";

/** Keeps messages for later, and delivers them (XEP-0160). */
export class OfflineMessages {
  readonly #deps: OfflineDeps;
  #sequence = 0;

  constructor(deps: OfflineDeps) {
    this.#deps = deps;
  }

  /**
   * @param at when the server got the message; it will be delivered with this time (XEP-0203).
   * @param messageId the same when the message comes again, so that the store has it once.
   */
  async store(
    account: BareJid,
    message: Stanza,
    at: number,
    messageId: string | undefined,
  ): Promise<StoringOutcome> {
    const { accounts, offlineStore, domains, logger, counters, instanceId, enabled } = this.#deps;
    const span = activeSpan();
    if (!isKeptOffline(message)) return "not-kept";
    // Without storage everybody gets the error, or its absence would show which accounts do not exist (C-02).
    if (!enabled) return "full";
    this.#sequence += 1;
    const id = messageId ?? `${instanceId}-${this.#sequence}`;
    try {
      if (!(await accounts.exists(account))) return "no-account";
      const xml = serializeStanza(withDelay(message, at, domains.domainOf(account)));
      const outcome = await withSpan(span, () => offlineStore.append(account, { id, xml, at }));
      if (outcome === "stored") counters.offlineStored++;
      else counters.offlineRefused++;
      return outcome;
    } catch (error) {
      if (!(error instanceof StoreUnavailableError)) throw error;
      counters.offlineFailed++;
      withSpan(span, () => logger.warn({ event: "presence.offline-not-stored", account, error }));
      return "busy";
    }
  }

  /**
   * Gives a session what was kept for its account, and removes it after the session's node has taken it. What cannot
   * be read, handed over or removed stays, and comes (again) when the account next takes messages.
   */
  async deliverTo(session: Session): Promise<void> {
    const { offlineStore, logger, counters } = this.#deps;
    const account = session.account.jid;
    const span = activeSpan();
    try {
      const messages = await offlineStore.read(account);
      if (messages.length === 0 || !session.available) return;
      withSpan(span, () => {
        for (const message of messages) session.write(message.xml, message.id);
      });
      if (!(await session.node.handedOver())) return;
      await offlineStore.removeDelivered(account, new Set(messages.map((message) => message.id)));
      counters.offlineDelivered += messages.length;
    } catch (error) {
      counters.offlineFailed++;
      withSpan(span, () => logger.warn({ event: "presence.offline-not-delivered", account, error }));
    }
  }

  /** Forgets the messages of an account that was removed. */
  async remove(account: BareJid): Promise<void> {
    try {
      await this.#deps.offlineStore.remove(account);
    } catch (error) {
      this.#deps.counters.offlineFailed++;
      this.#deps.logger.error({ event: "presence.offline-not-removed", account, error });
    }
  }
}
