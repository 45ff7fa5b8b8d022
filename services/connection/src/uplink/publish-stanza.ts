import type { Bus } from "@rollcall/bus";
import { channels } from "@rollcall/contracts";
import type { Clock } from "@rollcall/runtime";
import { errorCode, type Logger, type Tracer, withSpan } from "@rollcall/telemetry";
import { type Stanza, serializeStanza } from "@rollcall/xmpp";
import { bounce, refusalCondition } from "../bounce.ts";
import type { Absence } from "../cluster/absence.ts";
import type { LocalSession } from "../sessions/local-session.ts";
import type { ReportableSessions } from "../sessions/reportable-sessions.ts";
import { acceptStanza } from "./accept-stanza.ts";
import { answerServer, type ServerFacts } from "./answer-server.ts";
import { type Destination, routeStanza } from "./route-stanza.ts";
import { type Arrival, StanzaTraces } from "./stanza-traces.ts";
import { type KindIndex, kindOf, kindOfDestination, UplinkCounters } from "./uplink-counters.ts";

export interface UplinkOptions {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly tracer: Tracer;
  readonly domains: readonly string[];
  readonly facts: ServerFacts;
  /** Hears what owners acknowledged. `undefined` where they do not change. */
  readonly reportable?: ReportableSessions | undefined;
  /** Whether sessions may be over without knowing it. `undefined` where owners do not change. */
  readonly absence?: Absence | undefined;
}

/** What is left to hand over to an owner after a stanza was accepted. */
export type Handover = Extract<Destination, { kind: "deliver" | "presence-command" | "roster-command" }>;

/** An accepted stanza that is to be handed over. */
export interface Taken {
  readonly handover: Handover;
  readonly kind: KindIndex;
  readonly arrival: Arrival;
}

/** Whether the session's other stanzas have to wait (design, section 3): everything that may fan out. */
export function isAwaited(handover: Handover): boolean {
  return handover.kind !== "deliver";
}

/** The way of stanzas from local sessions to their owners. */
export class Uplink {
  readonly counters = new UplinkCounters();
  readonly #options: UplinkOptions;
  readonly #traces: StanzaTraces;
  readonly #isOwnDomain: (domain: string) => boolean;

  constructor(options: UplinkOptions) {
    this.#options = options;
    this.#traces = new StanzaTraces(options.tracer);
    const domains = new Set(options.domains);
    this.#isOwnDomain = (domain) => domains.has(domain);
  }

  /** Takes a stanza as the client sent it. What the server can answer by itself is answered; the rest is returned. */
  receive(session: LocalSession, received: Stanza): Taken | undefined {
    const arrival = this.#traces.begin(session, received);
    const acceptance = acceptStanza(session, received);
    if (acceptance.kind === "refused") {
      this.counters.stanzasRefused.add(kindOf(received));
      // The client's own address is no secret to it; a malformed one is not repeated (RFC 6120, 8.3.1 r2).
      const as = acceptance.condition === "jid-malformed" ? session.domain : received.to;
      answer(session, bounce(received, acceptance.condition, session.jid, as));
      this.#traces.end(session, received, arrival, acceptance.condition);
      return undefined;
    }
    const { stanza, stanzaClass, to } = acceptance;
    const at = this.#options.clock.now();
    const destination = routeStanza(session, stanza, stanzaClass, to, this.#isOwnDomain, at);
    const kind = kindOfDestination(destination, stanza);
    this.counters.stanzasIn.add(kind);
    switch (destination.kind) {
      case "ignore":
        this.#traces.end(session, received, arrival, undefined);
        return undefined;
      case "answer-as-server":
        this.counters.stanzasAnswered++;
        answer(session, answerServer(stanza, this.#options.facts, at));
        this.#traces.end(session, received, arrival, undefined);
        return undefined;
      case "remote-domain":
        this.counters.stanzasRefused.add(kind);
        answer(session, bounce(stanza, "remote-server-not-found", session.jid));
        this.#traces.end(session, received, arrival, "remote-server-not-found");
        return undefined;
      default:
        return { handover: destination, kind, arrival };
    }
  }

  /** Hands over to the owner; a refusal goes back to the client as a stanza error. Resolves in any case. */
  async handOver(session: LocalSession, { handover, kind, arrival }: Taken): Promise<void> {
    const { absence, reportable } = this.#options;
    const { counters } = this;
    if (absence?.isDoubtful) {
      await absence.settled();
      // Its stream has ended, and nobody takes anything from it any more.
      if (session.acknowledged?.isDisowned) {
        this.#traces.end(session, stanzaOf(handover), arrival, "disowned");
        return;
      }
    }
    counters.stanzasUnderWay++;
    try {
      reportable?.handsOver(session, handover);
      await withSpan(arrival.span, () => this.#publish(session, handover));
      reportable?.acknowledge(session, handover);
      const tookMs = this.#traces.end(session, stanzaOf(handover), arrival, undefined);
      counters.uplinkSeconds.at(kind).record(tookMs / 1_000, arrival.span?.traceId);
    } catch (error) {
      reportable?.refused(session);
      counters.stanzasBounced.add(kind);
      withSpan(arrival.span, () => {
        this.#options.logger.debug({ event: "stanza.bounced", jid: session.jid, kind: handover.kind, error });
      });
      answer(session, bounce(stanzaOf(handover), refusalCondition(error), session.jid));
      this.#traces.end(session, stanzaOf(handover), arrival, errorCode(error));
    } finally {
      counters.stanzasUnderWay--;
    }
  }

  #publish(session: LocalSession, handover: Handover): Promise<void> {
    const { bus } = this.#options;
    switch (handover.kind) {
      case "deliver":
        return bus.publish(channels.deliver, handover.key, handover.message);
      case "presence-command":
        return bus.publish(channels.presenceCommands, session.account, handover.command);
      case "roster-command":
        return bus.publish(channels.rosterCommands, session.account, handover.command);
    }
  }
}

function stanzaOf(handover: Handover): Stanza {
  return handover.kind === "deliver" ? handover.message.stanza : handover.command.stanza;
}

function answer(session: LocalSession, reply: Stanza | undefined): void {
  if (reply !== undefined) session.stream.write(serializeStanza(reply));
}
