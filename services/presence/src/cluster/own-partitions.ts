/**
 * The partitions of this owner: rebuilt from the connection nodes when they are won, forgotten when they are lost.
 *
 * A rebuild tells nobody anything: contacts have not noticed that the owner changed. Only what died together with the
 * old owner is made good, before the account does anything new.
 */
import type { Preparation } from "@rollcall/ownership";
import { errorCode, type Logger, type Span, type Tracer, withSpan } from "@rollcall/telemetry";
import type { PresenceCounters } from "../counters.ts";
import type { AccountSessions } from "../sessions/session-registry.ts";
import type { AskedPartitions, AskNodes } from "./ask-nodes.ts";
import type { Debts } from "./debts.ts";
import type { ForgetPartitions } from "./forget-partitions.ts";
import type { ManifestDebts } from "./manifest-debts.ts";
import type { NodeDeaths } from "./node-deaths.ts";
import type { PresenceCluster } from "./presence-cluster.ts";
import type { RestoreSessions } from "./restore-sessions.ts";
import type { WarmRosters } from "./warm-rosters.ts";

export interface OwnPartitionsDeps {
  readonly cluster: PresenceCluster;
  readonly askNodes: AskNodes;
  readonly restoreSessions: RestoreSessions;
  readonly manifestDebts: ManifestDebts;
  readonly nodeDeaths: NodeDeaths;
  readonly debts: Debts;
  readonly warmRosters: WarmRosters;
  readonly forgetPartitions: ForgetPartitions;
  readonly logger: Logger;
  readonly tracer: Tracer;
  readonly counters: PresenceCounters;
}

interface Won {
  readonly epoch: number;
  readonly ready: () => void;
}

export class OwnPartitions implements Preparation {
  readonly #deps: OwnPartitionsDeps;
  /** Being rebuilt. */
  readonly #won = new Map<number, Won>();
  /** Epochs of those that are served. */
  readonly #served = new Map<number, number>();
  #burst: number[] = [];
  #stop = (): void => {};
  #isStopped = false;

  constructor(deps: OwnPartitionsDeps) {
    this.#deps = deps;
  }

  start(): void {
    this.#stop = this.#deps.cluster.nodes.onDead((nodeId) => this.#nodeDied(nodeId));
  }

  stop(): void {
    this.#isStopped = true;
    this.#stop();
    this.#deps.debts.forget(() => true);
  }

  gained(partition: number, epoch: number): Promise<void> {
    return new Promise((ready) => {
      this.#won.get(partition)?.ready();
      this.#served.delete(partition);
      this.#won.set(partition, { epoch, ready });
      this.#count();
      this.#burst.push(partition);
      // All that come in this turn are asked for with one question per node.
      if (this.#burst.length === 1) setImmediate(() => void this.#prepareBurst());
    });
  }

  lost(partition: number): void {
    this.#won.get(partition)?.ready();
    this.#won.delete(partition);
    this.#served.delete(partition);
    this.#count();
    this.#deps.forgetPartitions.forget(partition);
  }

  async #prepareBurst(): Promise<void> {
    const burst = new Map<number, Won>();
    for (const partition of this.#burst) {
      const won = this.#won.get(partition);
      if (won !== undefined) burst.set(partition, won);
    }
    this.#burst = [];
    const span = this.#deps.tracer.begin("take over partitions", {
      attributes: { "xmpp.partitions": burst.size },
    });
    const died = new Set<string>();
    const stop = this.#deps.cluster.nodes.onDead((nodeId) => died.add(nodeId));
    try {
      const accounts = await this.#rebuild(burst, span);
      // At that time their sessions were not here yet.
      const here = this.#deps.cluster.nodes.nodes();
      // One that is back meanwhile asks itself which of its sessions are left.
      for (const nodeId of died) if (!here.includes(nodeId)) this.#nodeDied(nodeId, burst.keys());
      void this.#deps.warmRosters.warm(accounts, () => this.#isStopped);
    } catch (error) {
      // To serve what is known is better than to serve nothing.
      this.#deps.logger.error({ event: "presence.not-rebuilt", partitions: burst.size, error });
      span?.fail(errorCode(error));
      this.#serve(burst);
    } finally {
      stop();
      span?.end();
    }
  }

  async #rebuild(
    burst: ReadonlyMap<number, Won>,
    span: Span | undefined,
  ): Promise<ReadonlySet<AccountSessions>> {
    const { cluster, askNodes, restoreSessions, counters, logger } = this.#deps;
    const { nodes, manifest } = cluster;
    const started = performance.now();
    const before = counters.sessionsRebuilt;
    const isWanted = (partition: number): boolean => {
      const won = burst.get(partition);
      return won !== undefined && this.#won.get(partition) === won;
    };
    const wanted = (): AskedPartitions =>
      [...burst]
        .filter(([partition]) => isWanted(partition))
        .map(([partition, { epoch }]) => ({ partition, epoch }));

    await nodes.whenHeard();
    const withNotes = [...burst.keys()].flatMap((partition) => manifest.nodesWith(partition));
    const reports = await withSpan(span, () => askNodes.ask(wanted, withNotes));
    const answered = new Set(reports.map(({ node }) => node));
    const accounts = await restoreSessions.restore(reports, (partition) =>
      isWanted(partition) ? burst.get(partition)?.epoch : undefined,
    );
    await this.#takeOnDebts(wanted(), answered);
    const served = this.#serve(burst);
    span?.set({ "xmpp.sessions": counters.sessionsRebuilt - before });
    logger.info({
      event: "presence.rebuilt",
      partitions: served,
      nodes: answered.size,
      sessions: counters.sessionsRebuilt - before,
      ms: Math.round(performance.now() - started),
    });
    return accounts;
  }

  async #takeOnDebts(partitions: AskedPartitions, answered: ReadonlySet<string>): Promise<void> {
    const { cluster, manifestDebts } = this.#deps;
    const taking: Promise<void>[] = [];
    for (const { partition, epoch } of partitions) {
      const isMine = (): boolean => this.#epochOf(partition) === epoch;
      for (const node of cluster.manifest.nodesWith(partition)) {
        if (!answered.has(node)) taking.push(manifestDebts.takeOn(node, partition, isMine));
      }
    }
    await Promise.all(taking);
  }

  #serve(burst: ReadonlyMap<number, Won>): number {
    let served = 0;
    for (const [partition, won] of burst) {
      if (this.#won.get(partition) !== won) continue;
      this.#won.delete(partition);
      this.#served.set(partition, won.epoch);
      won.ready();
      served += 1;
    }
    this.#count();
    return served;
  }

  #nodeDied(nodeId: string, partitions: Iterable<number> = this.#served.keys()): void {
    const meant = new Set(partitions);
    this.#deps.nodeDeaths.died(nodeId, meant, (partition) =>
      meant.has(partition) ? this.#served.get(partition) : undefined,
    );
  }

  /** Of a partition that is served, or is going to be. */
  #epochOf(partition: number): number | undefined {
    return this.#served.get(partition) ?? this.#won.get(partition)?.epoch;
  }

  #count(): void {
    this.#deps.counters.partitionsServed = this.#served.size;
    this.#deps.counters.partitionsRebuilding = this.#won.size;
  }
}
