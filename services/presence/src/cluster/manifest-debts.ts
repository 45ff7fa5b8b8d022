import type { Logger } from "@rollcall/telemetry";
import { type BareJid, bareOf, escapeAttribute, makeStanza, stanzaHalves } from "@rollcall/xmpp";
import type { PresenceCounters } from "../counters.ts";
import { Cause } from "../fan-out/cause.ts";
import type { OwnerPost } from "../fan-out/owner-post.ts";
import { endId } from "../handlers/end-session.ts";
import type { LocalDomains } from "../local-domains.ts";
import type { RosterKeeper } from "../roster-view/roster-keeper.ts";
import type { LastUnavailablePresence } from "../sessions/last-unavailable.ts";
import type { SessionRegistry } from "../sessions/session-registry.ts";
import { DebtGroup, type Debts } from "./debts.ts";
import type { ManifestSession, NodeManifest } from "./presence-cluster.ts";

export interface ManifestDebtsDeps {
  readonly manifest: NodeManifest;
  readonly debts: Debts;
  readonly registry: SessionRegistry;
  readonly rosters: RosterKeeper;
  readonly post: OwnerPost;
  readonly lastUnavailable: LastUnavailablePresence;
  readonly domains: LocalDomains;
  readonly logger: Logger;
  readonly counters: PresenceCounters;
  readonly sleep: (ms: number) => Promise<void>;
  readonly now: () => number;
}

const READ_ATTEMPTS = 3;
const READ_RETRY_MS = 100;

/** What sessions owe whose node died together with the owner of their account: only the node's note tells of them. */
export class ManifestDebts {
  readonly #deps: ManifestDebtsDeps;

  constructor(deps: ManifestDebtsDeps) {
    this.#deps = deps;
  }

  /**
   * Takes on what the sessions of a dead node owe. Resolves when it is known; it is paid in the background.
   * @param isMine whether the partition is still this owner's.
   */
  async takeOn(node: string, partition: number, isMine: () => boolean): Promise<void> {
    const sessions = await this.#read(node, partition);
    if (sessions === undefined || !isMine()) return;
    const group = new DebtGroup(() => this.purge(node, partition, isMine));
    // Also where there is nothing to pay.
    group.opened();
    for (const session of sessions) {
      const account = bareOf(session.jid);
      this.#deps.debts.add({ account, pay: () => this.#pay(node, account, session), group });
    }
    group.closed(true);
  }

  /** Removes what the node noted. If that fails, the next owner does everything again, under the same ids. */
  purge(node: string, partition: number, isMine: () => boolean): void {
    const { manifest, logger } = this.#deps;
    if (!isMine()) return;
    manifest.purge(node, partition).catch((error: unknown) => {
      logger.warn({ event: "presence.manifest-not-purged", node, partition, error });
    });
  }

  async #read(node: string, partition: number): Promise<readonly ManifestSession[] | undefined> {
    const { manifest, logger, sleep } = this.#deps;
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await manifest.read(node, partition);
      } catch (error) {
        if (attempt >= READ_ATTEMPTS) {
          logger.error({ event: "presence.manifest-unreadable", node, partition, error });
          return undefined;
        }
        await sleep(READ_RETRY_MS);
      }
    }
  }

  async #pay(node: string, account: BareJid, { session, jid, directed }: ManifestSession): Promise<void> {
    const { registry, rosters, post, lastUnavailable, domains, counters, now } = this.#deps;
    const here = registry.find(account);
    // The client is back on another node, under the same name: whoever knows of the new session is not told of the old.
    const again = here?.byJid(jid);
    const cause = new Cause(endId(node, session));
    const stanza = makeStanza("presence", { type: "unavailable", from: jid });
    const at = now();
    const told: Promise<void>[] = [];
    for (const target of directed) {
      if (!domains.isAccount(target) || bareOf(target) === account || again?.hasDirected(target)) continue;
      told.push(post.deliver({ ...stanza, to: target }, at, cause.id));
    }
    if (!again?.inPresenceSession) {
      const halves = stanzaHalves(stanza);
      for (const other of here?.sessions ?? []) {
        if (!other.getsPresence) continue;
        other.node.fanOut(halves, escapeAttribute(other.jid), other.handle, { id: cause.id }, cause);
      }
      if (!here?.hasAvailable()) lastUnavailable.keep(account, { ...stanza, from: account }, at);
      const subscribers = await rosters.subscribersOf(account, here);
      told.push(post.fanOut(subscribers, { kind: "presence", stanza, repetitionId: cause.id }));
    }
    await Promise.all(told);
    await cause.handedOver();
    counters.debtsPaid++;
  }
}
