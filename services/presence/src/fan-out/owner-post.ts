import { type Bus, BusError, type SendOptions } from "@rollcall/bus";
import { channels, type PresenceFanOut } from "@rollcall/contracts";
import { carrySpan, type Logger } from "@rollcall/telemetry";
import { type BareJid, bareOf, type Stanza } from "@rollcall/xmpp";
import type { PresenceCounters } from "../counters.ts";
import { isFenced } from "./cause.ts";

export interface OwnerPostOptions {
  readonly bus: Pick<Bus, "publish" | "multicast">;
  readonly sleep: (ms: number) => Promise<void>;
  readonly logger: Logger;
  readonly counters: PresenceCounters;
  /** Name of this process on the bus, with its incarnation. */
  readonly instanceId: string;
}

/** About 15 seconds on top of what the bus itself tries, and no new attempt after that where those take long as well. */
const ATTEMPTS = 20;
const LONGEST_MS = 15_000;
const FIRST_RETRY_MS = 20;
const LONGEST_RETRY_MS = 1_000;
/** Messages that may wait to be sent again; with more, the bus is beyond help and new failures count at once. */
const MOST_RETRYING = 10_000;

/**
 * What this owner sends to the owners of other accounts, in the name of one of its own.
 *
 * The promise tells when the message was taken, for callers whose next message has to come after it; presence, whose loss
 * would leave ghosts, is sent again while the bus is overloaded. What is lost for good is counted and logged. A promise
 * rejects only with `fenced`, when another process owns the account by now and does the work; whoever does not wait need
 * not care.
 */
export class OwnerPost {
  readonly #options: OwnerPostOptions;
  #sequence = 0;
  #retrying = 0;

  constructor(options: OwnerPostOptions) {
    this.#options = options;
  }

  /** One message for many local accounts. @throws {BusError} `fenced` */
  fanOut(accounts: readonly BareJid[], payload: PresenceFanOut): Promise<void> {
    if (accounts.length === 0) return Promise.resolve();
    const options = inTheNameOf(payload.kind === "presence" ? payload.stanza.from : payload.prober);
    return this.#send(() => this.#options.bus.multicast(channels.fanOut, accounts, payload, options));
  }

  /**
   * A stanza for the local account in its `to`.
   * @param at when the server got it, milliseconds since the epoch.
   * @param repetitionId where another owner may say the same.
   * @throws {BusError} `fenced`
   */
  deliver(stanza: Stanza, at: number, repetitionId?: string): Promise<void> {
    const account = bareOf(stanza.to ?? "");
    const message = { stanza, failedSession: undefined, at, repetitionId };
    const options = inTheNameOf(stanza.from);
    return this.#send(() => this.#options.bus.publish(channels.deliver, account, message, options));
  }

  /**
   * A subscription stanza for the roster of the local account in its `to`; both addresses are bare.
   * @throws {BusError} `fenced`
   */
  subscription(stanza: Stanza, at: number): Promise<void> {
    this.#sequence += 1;
    const id = { origin: this.#options.instanceId, session: 0, sequence: this.#sequence };
    const account = stanza.to ?? "";
    const options = inTheNameOf(stanza.from);
    return this.#send(() =>
      this.#options.bus.publish(channels.inboundSubscriptions, account, { id, stanza, at }, options),
    );
  }

  #send(publish: () => Promise<void>): Promise<void> {
    const sending = this.#sendUntilTaken(carrySpan(publish));
    // Whoever waits gets the rejection as well.
    sending.catch(ignore);
    return sending;
  }

  async #sendUntilTaken(publish: () => Promise<void>): Promise<void> {
    const { sleep, counters, logger } = this.#options;
    let failingSince: number | undefined;
    for (let attempt = 1; ; attempt += 1) {
      try {
        await publish();
        return;
      } catch (error) {
        if (isFenced(error)) {
          counters.fenced++;
          throw error;
        }
        const retryable = error instanceof BusError && error.retryable;
        failingSince ??= performance.now();
        const isTooLate = attempt >= ATTEMPTS || performance.now() - failingSince >= LONGEST_MS;
        if (!retryable || isTooLate || this.#retrying >= MOST_RETRYING) {
          counters.handedOverFailed++;
          logger.error({ event: "presence.not-handed-over", error });
          return;
        }
        this.#retrying += 1;
        await sleep(Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** (attempt - 1)));
        this.#retrying -= 1;
      }
    }
  }
}

function inTheNameOf(jid: string | undefined): SendOptions {
  return {
    actingFor: { address: "presence-owner", account: jid === undefined ? undefined : bareOf(jid) },
  };
}

function ignore(): void {}
