/**
 * What happens to a message, iq or presence for an account of this owner (RFC 6121, 8.5).
 *
 * The table `accountRouting` decides; this file looks up the situation and performs the decision. Nearly everything
 * is done before the handler returns. What has to wait for a roster or a store holds the account, so that later
 * stanzas do not overtake it.
 */
import { done, type Outcome } from "@rollcall/bus";
import type { DeliverStanza } from "@rollcall/contracts";
import {
  accountRouting,
  isKnown,
  mayBeAnswered,
  maySeePresence,
  type RoutingDecision,
  type RoutingRow,
  resourceSituation,
  type StanzaClass,
  stanzaClassOf,
} from "@rollcall/rfc6121";
import { activeSpan, carrySpan, withSpan } from "@rollcall/telemetry";
import { type BareJid, NS, type Stanza, type StanzaErrorCondition, serializeStanza } from "@rollcall/xmpp";
import type { PresenceCounters } from "../counters.ts";
import type { Cause } from "../fan-out/cause.ts";
import type { AnswerProbe } from "../handlers/answer-probe.ts";
import type { LastUnavailablePresence } from "../sessions/last-unavailable.ts";
import type { AccountSessions, Session, SessionRegistry } from "../sessions/session-registry.ts";
import type { AccountGate } from "./account-gate.ts";
import { answerForAccount } from "./answer-for-account.ts";
import { answerId, type SendBack } from "./send-back.ts";
import type { SenderStandings, Standing } from "./sender-standing.ts";
import type { OfflineMessages } from "./store-offline.ts";

export interface DeliverStanzaDeps {
  readonly registry: SessionRegistry;
  readonly gate: AccountGate;
  readonly standings: SenderStandings;
  readonly offline: OfflineMessages;
  readonly probes: AnswerProbe;
  readonly sendBack: SendBack;
  readonly lastUnavailable: LastUnavailablePresence;
  readonly counters: PresenceCounters;
  readonly now: () => number;
}

/** How long the bus waits before it tries a stanza again whose account has too much in line. */
const FULL_RETRY_MS = 25;

/** A stanza on its way, with what was found out about its recipient. */
interface Routing {
  readonly account: BareJid;
  readonly stanza: Stanza;
  readonly stanzaClass: StanzaClass;
  readonly row: RoutingRow;
  readonly here: AccountSessions | undefined;
  readonly match: Session | undefined;
  readonly at: number;
  /** It was on its way to a session that is gone, and came back. */
  readonly cameBack: boolean;
  readonly cause: Cause | undefined;
}

export class DeliverStanzaHandler {
  readonly #deps: DeliverStanzaDeps;

  constructor(deps: DeliverStanzaDeps) {
    this.#deps = deps;
  }

  /**
   * Whether so much waits for the account that nothing can be taken for it now. To be asked before `handle`, and told to
   * the bus at once, or what comes later would come before.
   */
  mustWait(account: BareJid): Outcome | undefined {
    const { gate } = this.#deps;
    return gate.isHeld(account) && gate.isFull(account)
      ? { kind: "retry", afterMs: FULL_RETRY_MS }
      : undefined;
  }

  /** Handles one message of `channels.deliver`. */
  handle(account: BareJid, message: DeliverStanza, cause: Cause | undefined): Outcome | Promise<Outcome> {
    const { gate, counters } = this.#deps;
    if (gate.isHeld(account)) {
      counters.heldBack++;
      return gate.run(account, () => this.#deliver(account, message, cause)).then(() => done);
    }
    const work = this.#deliver(account, message, cause);
    return work === undefined ? done : gate.hold(account, work).then(() => done);
  }

  #deliver(account: BareJid, message: DeliverStanza, cause: Cause | undefined): void | Promise<void> {
    const { registry, sendBack } = this.#deps;
    const { stanza, failedSession } = message;
    const here = registry.find(account);
    if (failedSession !== undefined) here?.byRef(failedSession)?.markGone();
    const stanzaClass = stanzaClassOf(stanza);
    if (stanzaClass === undefined) return sendBack.error(stanza, "bad-request", cause);
    const row = accountRouting[stanzaClass];
    const to = stanza.to ?? account;
    const isBare = to.length === account.length;
    const match = isBare ? undefined : here?.byJid(to);
    const decision = decide(row, here, isBare, match);
    return this.#perform(decision, {
      account,
      stanza,
      stanzaClass,
      row,
      here,
      match,
      at: message.at,
      cameBack: failedSession !== undefined,
      cause,
    });
  }

  #perform(decision: RoutingDecision, routing: Routing): void | Promise<void> {
    const { stanza, stanzaClass, here, match, cause } = routing;
    const { sendBack, counters } = this.#deps;
    switch (decision) {
      case "deliver":
        if (match !== undefined) this.#deliverTo(match, stanza, serializeStanza(stanza), cause);
        return;
      case "deliver-to-most-available": {
        const session = here === undefined ? undefined : mostAvailable(here);
        if (session !== undefined) this.#deliverTo(session, stanza, serializeStanza(stanza), cause);
        return;
      }
      case "deliver-to-non-negative":
      case "deliver-to-available": {
        // The others have it: it was sent to all. Only what was kept offline goes to one session alone.
        if (routing.cameBack && !stanza.payload.includes(NS.delay)) {
          counters.ignored++;
          return;
        }
        const xml = serializeStanza(stanza);
        for (const session of here?.sessions ?? []) {
          if (!session.available) continue;
          if (decision === "deliver-to-available" || session.priority >= 0) {
            this.#deliverTo(session, stanza, xml, cause);
          }
        }
        return;
      }
      case "ignore":
        counters.ignored++;
        return;
      case "bounce":
        if (mayBeAnswered(stanzaClass)) sendBack.error(stanza, "service-unavailable", cause);
        return;
      case "bounce-if-known":
        return this.#whenKnown(routing, undefined, (standing) => {
          if (standing?.exists && isKnown(standing)) sendBack.error(stanza, "service-unavailable", cause);
          else counters.ignored++;
        });
      case "deliver-if-visible":
        return this.#whenKnown(routing, match, (standing) => {
          if (match === undefined || match.ended || standing === undefined || !maySeePresence(standing)) {
            sendBack.error(stanza, "service-unavailable", cause);
          } else this.#deliverTo(match, stanza, serializeStanza(stanza), cause);
        });
      case "answer-for-account":
        return this.#whenKnown(routing, undefined, (standing) => this.#answerForAccount(routing, standing));
      case "answer-probe":
        return this.#answerProbe(routing);
      case "store-offline":
        return this.#storeOffline(routing);
      case "change-subscription":
        // By contract these go to the roster owner; here nothing may be done with them.
        counters.misrouted++;
        return;
    }
  }

  #deliverTo(session: Session, stanza: Stanza, xml: string, cause: Cause | undefined): void {
    this.#deps.counters.delivered++;
    session.write(xml, cause?.id, cause);
    // Who sends unavailable presence needs none any more (4.6.1).
    if (stanza.kind === "presence" && stanza.type === "unavailable")
      session.forgetDirected(stanza.from ?? "");
  }

  #whenKnown(
    { account, here, stanza }: Routing,
    session: Session | undefined,
    then: (standing: Standing | undefined) => void,
  ): void | Promise<void> {
    const standing = this.#deps.standings.of(account, here, stanza.from ?? "", session);
    if (standing instanceof Promise) return standing.then(carrySpan(then));
    then(standing);
  }

  #answerForAccount({ account, stanza, here, row, cause }: Routing, standing: Standing | undefined): void {
    const { sendBack, lastUnavailable, counters, now } = this.#deps;
    if (standing === undefined || !standing.exists) {
      if (row.noAccount.bare === "bounce") sendBack.error(stanza, "service-unavailable", cause);
      return;
    }
    counters.answeredForAccount++;
    const facts = { here, lastUnavailable: lastUnavailable.find(account), now: now() };
    sendBack.reply(answerForAccount(stanza, standing, facts), answerId(cause), cause);
  }

  #answerProbe({ account, stanza, here, cause }: Routing): void | Promise<void> {
    const prober = stanza.from ?? "";
    const resource = stanza.to === undefined || stanza.to === account ? undefined : stanza.to;
    return this.#deps.probes.answer(
      {
        account,
        resource,
        prober,
        madeBy: "client",
        replyTo: undefined,
        replyAddress: prober,
        id: stanza.id,
        cause,
      },
      here,
    );
  }

  async #storeOffline({ account, stanza, at, row, cause }: Routing): Promise<void> {
    const { offline, sendBack, counters } = this.#deps;
    const span = activeSpan();
    const outcome = await offline.store(account, stanza, at, cause?.id);
    const sendError = (condition: StanzaErrorCondition): void =>
      withSpan(span, () => sendBack.error(stanza, condition, cause));
    switch (outcome) {
      case "stored":
        return;
      case "not-kept":
        counters.ignored++;
        return;
      case "no-account":
        if (row.noAccount.bare === "ignore") counters.ignored++;
        else sendError("service-unavailable");
        return;
      case "full":
        sendError("service-unavailable");
        return;
      case "busy":
        sendError("resource-constraint");
        return;
    }
  }
}

function decide(
  row: RoutingRow,
  here: AccountSessions | undefined,
  isBare: boolean,
  match: Session | undefined,
): RoutingDecision {
  if (match !== undefined) return row.fullMatch;
  let available = 0;
  let nonNegative = 0;
  if (here !== undefined) {
    for (const session of here.sessions) {
      if (!session.available) continue;
      available += 1;
      if (session.priority >= 0) nonNegative += 1;
    }
  }
  const situation = resourceSituation(available, nonNegative);
  return isBare ? row.bare[situation] : row.fullNoMatch[situation];
}

/** Highest priority, then latest presence (C-01). */
function mostAvailable(here: AccountSessions): Session | undefined {
  let best: Session | undefined;
  for (const session of here.sessions) {
    if (!session.available || session.priority < 0) continue;
    if (
      best === undefined ||
      session.priority > best.priority ||
      (session.priority === best.priority && session.presenceOrder > best.presenceOrder)
    ) {
      best = session;
    }
  }
  return best;
}
