import type { PresenceStep } from "@rollcall/rfc6121";
import { withDelay } from "@rollcall/xeps";
import { escapeAttribute, type Stanza, serializeStanza, stanzaHalves } from "@rollcall/xmpp";
import type { PresenceCounters } from "../counters.ts";
import type { AccountGate } from "../delivery/account-gate.ts";
import type { OfflineMessages } from "../delivery/store-offline.ts";
import type { LocalDomains } from "../local-domains.ts";
import type { Session } from "../sessions/session-registry.ts";
import { type Cause, fanOutName } from "./cause.ts";
import type { OwnerPost } from "./owner-post.ts";

export interface PerformPlanDeps {
  readonly post: OwnerPost;
  readonly gate: AccountGate;
  readonly offline: OfflineMessages;
  readonly domains: LocalDomains;
  readonly counters: PresenceCounters;
}

/** Carries out presence plans of `@rollcall/rfc6121`. */
export class PerformPlan {
  readonly #deps: PerformPlanDeps;

  constructor(deps: PerformPlanDeps) {
    this.#deps = deps;
  }

  /**
   * Performs the steps for `sender`, whose new state is recorded already. Everything is written or published before
   * this returns; the promise resolves when those who have to be told have been told, so that what the sender does next
   * comes after it. Probes and offline messages are not waited for.
   *
   * @param presence the stanza that caused the plan, without `to`.
   * @throws {BusError} `fenced`
   */
  async perform(
    sender: Session,
    presence: Stanza,
    steps: readonly PresenceStep<Session>[],
    at: number,
    cause: Cause | undefined,
  ): Promise<void> {
    const told: Promise<void>[] = [];
    for (const step of steps) this.#step(sender, presence, step, at, cause, told);
    await Promise.all(told);
  }

  #step(
    sender: Session,
    presence: Stanza,
    step: PresenceStep<Session>,
    at: number,
    cause: Cause | undefined,
    told: Promise<void>[],
  ): void {
    const { post, gate, offline, domains, counters } = this.#deps;
    const account = sender.account;
    const repetitionId = cause?.id;
    switch (step.kind) {
      case "reflect": {
        const halves = stanzaHalves(presence);
        const name = fanOutName(presence, cause);
        for (const to of step.to) {
          to.node.fanOut(halves, escapeAttribute(to.jid), to.handle, name, cause);
        }
        return;
      }
      case "broadcast":
        if (step.to.length === 0) return;
        counters.broadcasts++;
        counters.fanOutRecipients.record(step.to.length);
        told.push(post.fanOut(step.to, { kind: "presence", stanza: presence, repetitionId }));
        return;
      case "introduce": {
        const vouching = domains.domainOf(account.jid);
        for (const other of step.others) {
          if (other.presence === undefined) continue;
          const stanza = withDelay({ ...other.presence, to: sender.jid }, other.presenceAt, vouching);
          sender.write(serializeStanza(stanza), undefined, cause);
        }
        return;
      }
      case "probe":
        void post.fanOut(step.to, {
          kind: "probe",
          prober: account.jid,
          replyTo: { node: sender.node.nodeId, session: sender.handle },
          replyAddress: sender.jid,
          id: undefined,
        });
        return;
      case "replay-requests":
        for (const request of account.roster?.pendingRequests ?? []) {
          const id = cause === undefined ? undefined : `${cause.id}/${request.from}`;
          sender.write(serializeStanza(request), id, cause);
        }
        return;
      case "deliver-offline":
        // What is being stored now goes along. What waits behind it finds the account available and is delivered at
        // once, so it has to go on waiting until what was stored before it is out.
        void gate.runNext(account.jid, () => offline.deliverTo(sender));
        return;
      case "end-directed":
        for (const target of step.to) {
          if (domains.isAccount(target))
            told.push(post.deliver({ ...presence, to: target }, at, repetitionId));
        }
        return;
    }
  }
}
