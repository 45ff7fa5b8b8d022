import type { Bus } from "@rollcall/bus";
import { channels, type NodeDelivery } from "@rollcall/contracts";
import type { Clock } from "@rollcall/runtime";
import type { Logger } from "@rollcall/telemetry";
import { bareOf, parseJid, type Stanza, StreamParser } from "@rollcall/xmpp";
import type { LocalSessions } from "../sessions/local-sessions.ts";

/** Numbers of the way from owners to clients. */
export interface DownlinkCounters {
  stanzasOut: number;
  /** Stanzas for sessions that are gone: handed back to their owner. */
  stanzasReturned: number;
  /** Stanzas for sessions that are gone, and that nobody misses. */
  stanzasDropped: number;
}

export interface DeliveryWriterOptions {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly sessions: LocalSessions;
  readonly nodeId: string;
}

/** Writes what owners deliver to the sessions of this node. */
export class DeliveryWriter {
  readonly counters: DownlinkCounters = { stanzasOut: 0, stanzasReturned: 0, stanzasDropped: 0 };
  readonly #options: DeliveryWriterOptions;

  constructor(options: DeliveryWriterOptions) {
    this.#options = options;
  }

  write(delivery: NodeDelivery): void {
    const { sessions } = this.#options;
    switch (delivery.kind) {
      case "write": {
        const session = sessions.find(delivery.session);
        if (session === undefined) {
          this.#handBack(delivery.session, delivery.xml);
          return;
        }
        this.counters.stanzasOut++;
        session.stream.write(delivery.xml);
        return;
      }
      case "fan-out": {
        const { before, after, to, sessions: handles } = delivery;
        for (let i = 0; i < handles.length; i++) {
          const session = sessions.find(handles[i]!);
          if (session === undefined) {
            this.counters.stanzasDropped++;
            continue;
          }
          this.counters.stanzasOut++;
          session.stream.write(before + to[i]! + after);
        }
        return;
      }
      case "close":
        sessions.find(delivery.session)?.stream.closeWith(delivery.condition, delivery.text);
    }
  }

  /**
   * The session ended while a stanza was on its way to it. Messages, and requests of others, go back to the account's
   * owner, which decides again without this session (RFC 6121, 8.5.3.2); presence and answers lose nothing.
   */
  #handBack(handle: number, xml: string): void {
    for (const stanza of parseStanzas(xml)) {
      const account = accountToDecide(stanza);
      if (account === undefined) {
        this.counters.stanzasDropped++;
        continue;
      }
      this.counters.stanzasReturned++;
      void this.#deliverAgain(account, stanza, handle);
    }
  }

  async #deliverAgain(account: string, stanza: Stanza, handle: number): Promise<void> {
    const { bus, clock, logger, nodeId } = this.#options;
    try {
      await bus.publish(channels.deliver, account, {
        stanza,
        failedSession: { node: nodeId, session: handle },
        at: clock.now(),
      });
    } catch (error) {
      this.counters.stanzasDropped++;
      logger.warn({ event: "delivery.lost", account, kind: stanza.kind, error });
    }
  }
}

/** The owner that decides again about a stanza; `undefined` when nobody has to. */
function accountToDecide(stanza: Stanza): string | undefined {
  if (stanza.to === undefined || stanza.from === undefined) return undefined;
  const account = bareOf(stanza.to);
  if (stanza.kind === "message") return account;
  const request = stanza.kind === "iq" && (stanza.type === "get" || stanza.type === "set");
  // What the server asked in the name of the account itself, a roster push for instance, is void with the session.
  return request && stanza.from !== account && parseJid(stanza.from)?.local !== "" ? account : undefined;
}

const HEADER = new TextEncoder().encode(
  '<stream:stream xmlns="jabber:client" xmlns:stream="http://etherx.jabber.org/streams" version="1.0">',
);
const NO_LIMITS = { maxStanzaBytes: 2 ** 31 - 1, maxDepth: 1_000_000, maxAttributes: 1_000_000 };

/** The stanzas of a delivery, which an owner of this system wrote. */
function parseStanzas(xml: string): Stanza[] {
  const parser = new StreamParser(NO_LIMITS);
  parser.push(HEADER);
  parser.push(new TextEncoder().encode(xml));
  const stanzas: Stanza[] = [];
  for (let item = parser.next(); item !== undefined; item = parser.next()) {
    if (item.kind === "stanza") stanzas.push(item.stanza);
  }
  return stanzas;
}
