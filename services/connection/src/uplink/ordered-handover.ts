import type { Stanza } from "@rollcall/xmpp";
import type { LocalSession } from "../sessions/local-session.ts";
import { isAwaited, type Taken, type Uplink } from "./publish-stanza.ts";

/** Deliveries of a session that may be under way at a time. */
const PIPELINED_DELIVERIES = 64;

/** Where the stanzas come from. */
export interface StanzaSource {
  /** No further stanza until `resumeStanzas`. */
  holdStanzas(): void;
  resumeStanzas(): void;
  /** A fault of ours. */
  crashed(error: unknown): void;
}

/**
 * Hands the stanzas of one session over in order (design, section 3): messages and iqs are pipelined; one that may fan
 * out is handed over when everything before it is through, and what follows waits for it. The stanzas that wait are
 * left where they are, so there is no queue here but for one stanza.
 */
export class OrderedHandover {
  readonly #uplink: Uplink;
  readonly #session: LocalSession;
  readonly #source: StanzaSource;
  #deliveries = 0;
  /** Waits until the deliveries before it are through. */
  #held: Taken | (() => void) | undefined;
  #full = false;

  constructor(uplink: Uplink, session: LocalSession, source: StanzaSource) {
    this.#uplink = uplink;
    this.#session = session;
    this.#source = source;
  }

  /** Takes the next stanza as the client sent it. Not to be called while stanzas are held. */
  take(received: Stanza): void {
    const taken = this.#uplink.receive(this.#session, received);
    if (taken === undefined) return;
    if (!isAwaited(taken.handover)) {
      this.#deliveries++;
      if (this.#deliveries >= PIPELINED_DELIVERIES) {
        this.#full = true;
        this.#source.holdStanzas();
      }
      this.#run(this.#deliver(taken));
      return;
    }
    this.#source.holdStanzas();
    if (this.#deliveries > 0) this.#held = taken;
    else this.#run(this.#handOver(taken));
  }

  /** Calls back when everything taken so far is through, at once if that is so. No stanza may be taken after it. */
  finish(callback: () => void): void {
    if (this.#deliveries === 0) {
      callback();
      return;
    }
    this.#source.holdStanzas();
    this.#held = callback;
  }

  #run(work: Promise<void>): void {
    work.catch((error: unknown) => this.#source.crashed(error));
  }

  async #deliver(taken: Taken): Promise<void> {
    await this.#uplink.handOver(this.#session, taken);
    this.#deliveries--;
    const held = this.#held;
    if (held !== undefined) {
      if (this.#deliveries > 0) return;
      this.#held = undefined;
      if (typeof held === "function") held();
      else await this.#handOver(held);
    } else if (this.#full && this.#deliveries <= PIPELINED_DELIVERIES / 2) {
      this.#full = false;
      this.#source.resumeStanzas();
    }
  }

  async #handOver(taken: Taken): Promise<void> {
    await this.#uplink.handOver(this.#session, taken);
    this.#full = false;
    this.#source.resumeStanzas();
  }
}
