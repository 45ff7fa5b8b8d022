import type { Bus, MessageMeta } from "@rollcall/bus";
import { channels, type NodeDelivery, partitionOf } from "@rollcall/contracts";
import { isSuperseded, type OwnerMap } from "@rollcall/ownership";
import type { Clock } from "@rollcall/runtime";
import type { Logger, Tracer } from "@rollcall/telemetry";
import { bareOf, parseJid, type Stanza, StreamParser } from "@rollcall/xmpp";
import type { LocalSession } from "../sessions/local-session.ts";
import type { LocalSessions } from "../sessions/local-sessions.ts";
import { SeenIds } from "./seen-ids.ts";

/** Numbers of the way from owners to clients. */
export interface DownlinkCounters {
  stanzasOut: number;
  /** Stanzas for sessions that are gone: handed back to their owner. */
  stanzasReturned: number;
  /** Stanzas for sessions that are gone, and that nobody misses. */
  stanzasDropped: number;
  /** Stanzas that came again, from the owner after the one that had sent them. */
  stanzasRepeated: number;
  /** Items of owners that have another one after them. */
  itemsFenced: number;
}

export interface DeliveryWriterOptions {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly tracer: Tracer;
  readonly sessions: LocalSessions;
  readonly nodeId: string;
  /** `undefined` where owners do not change. */
  readonly owners?: OwnerMap | undefined;
}

/** Deliveries of available presence that are remembered: 0.6 to 1.3 s of a node that writes 100,000 a second. */
const AVAILABLE_LIMIT = 65_536;

/** Who says it, as far as it may have been replaced. */
type Sender = Pick<MessageMeta, "from" | "asOf">;

const nobodyInParticular: Sender = { from: undefined, asOf: 0 };

/** Writes what owners deliver to the sessions of this node. */
export class DeliveryWriter {
  readonly counters: DownlinkCounters = {
    stanzasOut: 0,
    stanzasReturned: 0,
    stanzasDropped: 0,
    stanzasRepeated: 0,
    itemsFenced: 0,
  };
  readonly #options: DeliveryWriterOptions;
  readonly #seen: SeenIds;
  readonly #seenAvailable: SeenIds;

  constructor(options: DeliveryWriterOptions) {
    this.#options = options;
    const now = () => options.clock.now();
    this.#seen = new SeenIds({ now });
    this.#seenAvailable = new SeenIds({ now, limit: AVAILABLE_LIMIT });
  }

  /** @returns whether the sender may speak for all that it speaks for here; what others have to say is not written. */
  write(delivery: NodeDelivery, sender: Sender): boolean {
    if (delivery.kind === "close" || delivery.trace === undefined) return this.#write(delivery, sender);
    const { tracer, nodeId } = this.#options;
    const span = tracer.resume(delivery.trace, "write", {
      kind: "consumer",
      link: delivery.trace,
      attributes: {
        "xmpp.node": nodeId,
        "xmpp.recipients": delivery.kind === "write" ? 1 : delivery.sessions.length,
      },
    });
    const isTaken = this.#write(delivery, sender);
    if (!isTaken) span?.fail("fenced");
    span?.end();
    return isTaken;
  }

  #write(delivery: NodeDelivery, sender: Sender): boolean {
    const { sessions } = this.#options;
    switch (delivery.kind) {
      case "write": {
        const { session: handle, xml, id } = delivery;
        const session = sessions.find(handle);
        if (session === undefined) {
          return this.#hold(handle, delivery) || this.#handBack(handle, xml, id, sender);
        }
        if (this.#isFenced(session, sender)) return false;
        if (id === undefined || this.#isFirst(id, handle)) this.#writeTo(session, xml);
        return true;
      }
      case "fan-out":
        return this.#fanOut(delivery, sender);
      case "close": {
        const session = sessions.find(delivery.session);
        if (session === undefined) {
          this.#hold(delivery.session, delivery);
          return true;
        }
        if (this.#isFenced(session, sender)) return false;
        session.stream.closeWith(delivery.condition, delivery.text);
        return true;
      }
    }
  }

  /** For a session that is being bound. What is held was taken: no other owner says it again. */
  #hold(handle: number, delivery: NodeDelivery): boolean {
    return this.#options.sessions.hold(handle, () => this.write(delivery, nobodyInParticular));
  }

  #fanOut(
    { before, after, to, sessions: handles, id, availableId }: Extract<NodeDelivery, { kind: "fan-out" }>,
    sender: Sender,
  ): boolean {
    const { sessions } = this.#options;
    const seen = id === undefined ? this.#seenAvailable : this.#seen;
    const name = id ?? availableId;
    const isNew = name !== undefined && !seen.hasAny(name);
    let fenced: number[] | undefined;
    for (let i = 0; i < handles.length; i++) {
      const handle = handles[i]!;
      const session = sessions.find(handle);
      if (session === undefined) this.counters.stanzasDropped++;
      else if (this.#isFenced(session, sender)) {
        fenced ??= [];
        fenced.push(handle);
      } else if (name === undefined || isNew || this.#isFirst(name, handle, seen)) {
        this.#writeTo(session, before + to[i]! + after);
      }
    }
    if (isNew)
      seen.addAll(name, fenced === undefined ? handles : handles.filter((one) => !fenced.includes(one)));
    return fenced === undefined;
  }

  #writeTo(session: LocalSession, xml: string): void {
    this.counters.stanzasOut++;
    session.stream.write(xml);
  }

  #isFenced({ acknowledged }: LocalSession, sender: Sender): boolean {
    return acknowledged !== undefined && this.#isVoid(acknowledged.partition, sender);
  }

  /** Another owner came after the sender. */
  #isVoid(partition: number, { from, asOf }: Sender): boolean {
    const { owners } = this.#options;
    if (owners === undefined || from === undefined || !isSuperseded(owners, partition, from, asOf))
      return false;
    this.counters.itemsFenced++;
    return true;
  }

  #isFirst(id: string, handle: number, seen = this.#seen): boolean {
    if (seen.has(id, handle)) {
      this.counters.stanzasRepeated++;
      return false;
    }
    seen.add(id, handle);
    return true;
  }

  /**
   * The session ended while a stanza was on its way to it. Messages, and requests of others, go back to the account's
   * owner, which decides again without this session (RFC 6121, 8.5.3.2); presence and answers lose nothing.
   */
  #handBack(handle: number, xml: string, id: string | undefined, sender: Sender): boolean {
    const stanzas = parseStanzas(xml);
    const accounts = stanzas.map(accountToDecide);
    const isVoid = (account: string | undefined): boolean =>
      account !== undefined && this.#isVoid(partitionOf(account), sender);
    if (accounts.some(isVoid)) return false;
    // The session had it before it ended, or it is on its way back already.
    if (id !== undefined && !this.#isFirst(id, handle)) return true;
    stanzas.forEach((stanza, i) => {
      const account = accounts[i];
      if (account === undefined) {
        this.counters.stanzasDropped++;
        return;
      }
      this.counters.stanzasReturned++;
      void this.#deliverAgain(account, stanza, handle, id === undefined ? undefined : `${id}/back/${i}`);
    });
    return true;
  }

  async #deliverAgain(
    account: string,
    stanza: Stanza,
    handle: number,
    repetitionId: string | undefined,
  ): Promise<void> {
    const { bus, clock, logger, nodeId } = this.#options;
    try {
      await bus.publish(channels.deliver, account, {
        stanza,
        failedSession: { node: nodeId, session: handle },
        at: clock.now(),
        repetitionId,
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
