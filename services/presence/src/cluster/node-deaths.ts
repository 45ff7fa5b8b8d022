import { partitionOf } from "@rollcall/contracts";
import type { NodeWatch } from "@rollcall/ownership";
import { type Tracer, withSpan } from "@rollcall/telemetry";
import type { PresenceCounters } from "../counters.ts";
import type { Outbox } from "../fan-out/outbox.ts";
import type { NodePresence } from "../handlers/bind-resource.ts";
import type { EndSession } from "../handlers/end-session.ts";
import type { Session, SessionRegistry } from "../sessions/session-registry.ts";
import { DebtGroup, type Debts } from "./debts.ts";
import type { ManifestDebts } from "./manifest-debts.ts";
import type { NodeManifest } from "./presence-cluster.ts";

export interface NodeDeathsDeps {
  readonly nodes: NodeWatch;
  readonly manifest: NodeManifest;
  readonly manifestDebts: ManifestDebts;
  readonly debts: Debts;
  readonly registry: SessionRegistry;
  readonly outbox: Outbox;
  readonly endSession: EndSession;
  readonly counters: PresenceCounters;
  readonly tracer: Tracer;
  readonly now: () => number;
}

/** Nodes whose death is remembered, for what they said before and comes late. */
const REMEMBERED = 1_000;
/** Sessions of a node whose ends are steps of its trace; there may be very many. */
const TRACED_ENDS = 20;

/** Ends the sessions that were on nodes that died. */
export class NodeDeaths implements NodePresence {
  readonly #deps: NodeDeathsDeps;
  readonly #dead = new Set<string>();

  constructor(deps: NodeDeathsDeps) {
    this.#deps = deps;
  }

  isDead(nodeId: string): boolean {
    return this.#dead.has(nodeId) && !this.#deps.nodes.nodes().includes(nodeId);
  }

  async isThere(nodeId: string): Promise<boolean> {
    return !this.isDead(nodeId) && this.#deps.nodes.isThere(nodeId);
  }

  /**
   * Nothing is sent to the node any more, and its sessions are as good as gone: resources are free, messages go elsewhere.
   * Their ends are told at the pace of the debts, and what the node noted of the partitions is removed after that.
   * Harmless when it is called again.
   *
   * @param epochOf of the partitions that are served here.
   */
  died(nodeId: string, served: Iterable<number>, epochOf: (partition: number) => number | undefined): void {
    const { registry, outbox, manifest, manifestDebts, debts, endSession, counters, tracer, now } =
      this.#deps;
    const span = tracer.begin("end sessions of node", { attributes: { "xmpp.node": nodeId } });
    let ended = 0;
    if (!this.#dead.has(nodeId)) counters.nodesLost++;
    this.#remember(nodeId);
    outbox.abandon(nodeId);
    const groups = new Map<number, DebtGroup>();
    for (const partition of served) {
      const epoch = epochOf(partition);
      if (!manifest.nodesWith(partition).includes(nodeId)) continue;
      const isMine = (): boolean => epochOf(partition) === epoch;
      const group = new DebtGroup(() => manifestDebts.purge(nodeId, partition, isMine));
      group.opened();
      groups.set(partition, group);
    }
    const ungrouped = new DebtGroup(() => {});
    for (const session of sessionsOn(registry, nodeId)) {
      const account = session.account.jid;
      const partition = partitionOf(account);
      // Of those that are being rebuilt not all sessions are here yet; this is called again when they are.
      if (session.isEndingWithNode || epochOf(partition) === undefined) continue;
      session.markEndingWithNode();
      const group = groups.get(partition) ?? ungrouped;
      const cause = ended < TRACED_ENDS ? span : undefined;
      const pay = (): Promise<void> => withSpan(cause, () => endSession.end(session, now()));
      ended += 1;
      debts.add({ account, pay, group });
      counters.sessionsEndedWithNode++;
    }
    for (const group of groups.values()) group.closed(true);
    span?.set({ "xmpp.sessions": ended });
    span?.end();
  }

  #remember(nodeId: string): void {
    this.#dead.delete(nodeId);
    this.#dead.add(nodeId);
    if (this.#dead.size <= REMEMBERED) return;
    for (const oldest of this.#dead) {
      this.#dead.delete(oldest);
      return;
    }
  }
}

function* sessionsOn(registry: SessionRegistry, nodeId: string): Generator<Session> {
  for (const account of registry.accounts()) {
    for (const session of account.sessions) if (session.node.nodeId === nodeId) yield session;
  }
}
