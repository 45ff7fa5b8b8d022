/**
 * Presence and probes for many accounts at once: from bare JIDs to the sessions here.
 *
 * The hottest path of the system. One stanza is cut into halves once, whatever the number of recipients; for each
 * recipient there are two appends to the outbox of its node.
 */
import { done, type Outcome } from "@rollcall/bus";
import type { PresenceFanOut } from "@rollcall/contracts";
import { type BareJid, type Stanza, type StanzaHalves, stanzaHalves } from "@rollcall/xmpp";
import type { PresenceCounters } from "../counters.ts";
import type { AccountGate } from "../delivery/account-gate.ts";
import type { AnswerProbe, Probe as ContactProbe } from "../handlers/answer-probe.ts";
import type { SessionRegistry } from "../sessions/session-registry.ts";
import { type Cause, type FanOutName, fanOutName } from "./cause.ts";

export interface ResolveRecipientsDeps {
  readonly registry: SessionRegistry;
  readonly gate: AccountGate;
  readonly probes: AnswerProbe;
  readonly counters: PresenceCounters;
}

type Presence = Extract<PresenceFanOut, { kind: "presence" }>;
type Probe = Extract<PresenceFanOut, { kind: "probe" }>;

export class ResolveRecipients {
  readonly #deps: ResolveRecipientsDeps;

  constructor(deps: ResolveRecipientsDeps) {
    this.#deps = deps;
  }

  /** Handles one message of `channels.fanOut`. */
  handle(
    accounts: readonly string[],
    message: PresenceFanOut,
    cause: Cause | undefined,
  ): Outcome | Promise<Outcome> {
    const waiting =
      message.kind === "presence"
        ? this.#presence(accounts, message, cause)
        : this.#probe(accounts, message, cause);
    return waiting === undefined ? done : Promise.all(waiting).then(() => done);
  }

  #presence(
    accounts: readonly string[],
    { stanza }: Presence,
    cause: Cause | undefined,
  ): Promise<void>[] | undefined {
    const { gate } = this.#deps;
    const halves = stanzaHalves(stanza);
    const name = fanOutName(stanza, cause);
    let waiting: Promise<void>[] | undefined;
    for (const account of accounts) {
      if (!gate.isHeld(account)) {
        this.#tellSessions(account, stanza, halves, name, cause);
        continue;
      }
      waiting ??= [];
      waiting.push(gate.run(account, () => this.#tellSessions(account, stanza, halves, name, cause)));
    }
    return waiting;
  }

  /** Every available session of the account gets it, whatever its priority; nobody there: ignored (8.5.2). */
  #tellSessions(
    account: string,
    stanza: Stanza,
    halves: StanzaHalves,
    name: FanOutName | undefined,
    cause: Cause | undefined,
  ): void {
    const here = this.#deps.registry.find(account);
    if (here === undefined) return;
    const { counters } = this.#deps;
    for (const session of here.sessions) {
      if (!session.getsPresence) continue;
      session.node.fanOut(halves, here.escapedJid, session.handle, name, cause);
      counters.presenceDelivered++;
      // Who sends unavailable presence needs none any more (4.6.1).
      if (stanza.type === "unavailable") session.forgetDirected(stanza.from ?? "");
    }
  }

  #probe(accounts: readonly string[], message: Probe, cause: Cause | undefined): Promise<void>[] | undefined {
    const { gate, registry, probes } = this.#deps;
    const { prober, replyTo, replyAddress, id } = message;
    let waiting: Promise<void>[] | undefined;
    for (const account of accounts as readonly BareJid[]) {
      const probe: ContactProbe = {
        account,
        resource: undefined,
        prober,
        madeBy: "server",
        replyTo,
        replyAddress,
        id,
        cause,
      };
      let work: void | Promise<void>;
      if (gate.isHeld(account)) {
        work = gate.run(account, () => probes.answer(probe, registry.find(account)));
      } else {
        work = probes.answer(probe, registry.find(account));
        if (work !== undefined) void gate.hold(account, work);
      }
      if (work === undefined) continue;
      waiting ??= [];
      waiting.push(work);
    }
    return waiting;
  }
}
