import { partitionOf, type ReportedSession } from "@rollcall/contracts";
import { readBroadcastPresence } from "@rollcall/rfc6121";
import { type BareJid, bareOf, resourceOf } from "@rollcall/xmpp";
import type { PresenceCounters } from "../counters.ts";
import type { Outbox } from "../fan-out/outbox.ts";
import { keptPresence } from "../handlers/update-presence.ts";
import type { AccountSessions, Session, SessionRegistry } from "../sessions/session-registry.ts";
import { type SharedTexts, standingAlone } from "../sessions/shared-texts.ts";
import type { NodeReport } from "./ask-nodes.ts";

export interface RestoreSessionsDeps {
  readonly registry: SessionRegistry;
  readonly outbox: Outbox;
  readonly texts: SharedTexts;
  readonly counters: PresenceCounters;
}

interface Found {
  readonly node: string;
  readonly session: ReportedSession;
}

/** Sessions put into the registry before others get their turn. */
const PER_TURN = 2_000;
/** Pushes that an owner may have numbered in one session. */
const PUSHES_PER_EPOCH = 65_536;

/** Makes the registry what it was before the owner changed, from what the nodes report. Nobody is told. */
export class RestoreSessions {
  readonly #deps: RestoreSessionsDeps;

  constructor(deps: RestoreSessionsDeps) {
    this.#deps = deps;
  }

  /**
   * @param epochOf of a partition that is still wanted.
   * @returns the accounts that are here now.
   */
  async restore(
    reports: readonly NodeReport[],
    epochOf: (partition: number) => number | undefined,
  ): Promise<ReadonlySet<AccountSessions>> {
    const found = this.#withoutReplaced(reports).sort(byBinding);
    const accounts = new Set<AccountSessions>();
    const shared = new Set<AccountSessions>();
    for (let start = 0; start < found.length; start += PER_TURN) {
      if (start > 0) await new Promise((resolve) => setImmediate(resolve));
      for (const one of found.slice(start, start + PER_TURN)) {
        const account = bareOf(one.session.jid);
        const epoch = epochOf(partitionOf(account));
        if (epoch === undefined) continue;
        const session = this.#restore(account, one, epoch);
        accounts.add(session.account);
        if (session.account.sessions.length > 1) shared.add(session.account);
      }
    }
    for (const account of shared) orderPresences(account);
    return accounts;
  }

  /** Of two sessions with one full JID the later one counts: it replaced the other, which its node had not heard. */
  #withoutReplaced(reports: readonly NodeReport[]): Found[] {
    const byJid = new Map<string, Found>();
    for (const { node, sessions } of reports) {
      for (const session of sessions) {
        const one = { node, session };
        const other = byJid.get(session.jid);
        const isLater = other === undefined || byBinding(other, one) < 0;
        if (isLater) byJid.set(session.jid, one);
        const replaced = isLater ? other : one;
        if (replaced !== undefined) {
          this.#deps.outbox
            .node(replaced.node)
            .close(replaced.session.session, "conflict", "replaced by a new session");
        }
      }
    }
    return [...byJid.values()];
  }

  #restore(account: BareJid, { node, session: reported }: Found, epoch: number): Session {
    const { registry, texts, counters } = this.#deps;
    const ref = { node, session: reported.session };
    const session = registry.add(standingAlone(account) as BareJid, ref, resourceOf(reported.jid) ?? "");
    session.countPushesFrom(epoch * PUSHES_PER_EPOCH);
    if (reported.interested) session.markInterested();
    for (const target of reported.directed) session.rememberDirected(standingAlone(target));
    if (reported.presence !== undefined) {
      const { stanza, priority } = readBroadcastPresence(reported.presence);
      session.presence = keptPresence(stanza, session.jid, texts);
      session.presenceAt = reported.presenceAt;
      session.presenceOrder = ++session.account.presences;
      session.priority = priority;
      registry.setAvailable(session, true);
    }
    if (reported.becomesAvailable) session.markBecomingAvailable();
    counters.sessionsRebuilt++;
    return session;
  }
}

/** The order in which the sessions were bound. */
function byBinding(a: Found, b: Found): number {
  return (
    a.session.boundAt - b.session.boundAt ||
    (a.node === b.node ? a.session.session - b.session.session : a.node < b.node ? -1 : 1)
  );
}

/** The registry numbers presence as it comes; here it came in the order of binding. */
function orderPresences(account: AccountSessions): void {
  const available = account.sessions.filter((session) => session.inPresenceSession);
  available.sort((a, b) => a.presenceAt - b.presenceAt || a.presenceOrder - b.presenceOrder);
  available.forEach((session, place) => {
    session.presenceOrder = place + 1;
  });
}
