/**
 * Faults of a whole cluster as verbs. Each does its harm and resolves with what undoes it; undoing resolves when
 * everything is ready again.
 */
import type { HarmedProcess } from "./process-faults.ts";
import type { StoreProxy } from "./store-proxy.ts";

/** A process as far as faults go. */
export type Harmable = Pick<
  HarmedProcess,
  "name" | "running" | "start" | "kill" | "freeze" | "thaw" | "restart"
>;

/** The processes of a cluster, each list with one at least. */
export interface ClusterParts {
  readonly connection: readonly Harmable[];
  readonly roster: readonly Harmable[];
  readonly presence: readonly Harmable[];
  readonly nats: Pick<Harmable, "name" | "start" | "kill">;
  readonly store: Pick<Harmable, "name" | "start" | "kill">;
  /** Between the services and the store. */
  readonly storeProxy: Pick<StoreProxy, "fault">;
}

export interface Harm {
  /** The process it was done to. */
  readonly target: string;
  undo(): Promise<void>;
}

export interface ClusterFaults {
  /** SIGKILL of a connection node; undone by a new start on the same ports. */
  killNode(which: number): Promise<Harm>;
  killRoster(which: number): Promise<Harm>;
  killPresence(which: number): Promise<Harm>;
  /** A connection node and a presence instance at the same moment. */
  killNodeAndPresence(node: number, presence: number): Promise<Harm>;
  freeze(one: Harmable): Promise<Harm>;
  stopNats(): Promise<Harm>;
  /** Away and back at once. */
  restartNats(): Promise<Harm>;
  slowStore(ms: number): Promise<Harm>;
  /** @param share of the requests, 0 to 1. @param written whether the store has done what it fails to confirm. */
  failingStore(share: number, written: boolean): Promise<Harm>;
  storeAway(): Promise<Harm>;
  /** SIGKILL of the store, and back at once. */
  restartStore(): Promise<Harm>;
  /** Every service process ends gracefully and comes back, one after the other. */
  rollingRestart(): Promise<Harm>;
}

export function clusterFaults(parts: ClusterParts): ClusterFaults {
  const kill = async (one: Pick<Harmable, "name" | "start" | "kill">): Promise<Harm> => {
    await one.kill();
    return { target: one.name, undo: () => one.start() };
  };
  const bounce = async (one: Pick<Harmable, "name" | "start" | "kill">): Promise<Harm> => {
    const { target, undo } = await kill(one);
    await undo();
    return { target, undo: async () => {} };
  };
  const store = async (fault: Parameters<StoreProxy["fault"]>[0]): Promise<Harm> => {
    parts.storeProxy.fault(fault);
    return { target: parts.store.name, undo: async () => parts.storeProxy.fault({ kind: "none" }) };
  };
  return {
    killNode: (which) => kill(at(parts.connection, which)),
    killRoster: (which) => kill(at(parts.roster, which)),
    killPresence: (which) => kill(at(parts.presence, which)),
    async killNodeAndPresence(node, presence) {
      const harms = await Promise.all([kill(at(parts.connection, node)), kill(at(parts.presence, presence))]);
      return {
        target: at(parts.connection, node).name,
        undo: async () => {
          await Promise.all(harms.map((harm) => harm.undo()));
        },
      };
    },
    async freeze(one) {
      one.freeze();
      return { target: one.name, undo: async () => one.thaw() };
    },
    stopNats: () => kill(parts.nats),
    restartNats: () => bounce(parts.nats),
    slowStore: (ms) => store({ kind: "slow", ms }),
    failingStore: (share, written) => store({ kind: "failing", share, written }),
    storeAway: () => store({ kind: "away" }),
    restartStore: () => bounce(parts.store),
    async rollingRestart() {
      const processes = [...parts.roster, ...parts.presence, ...parts.connection];
      for (const one of processes) await one.restart();
      return { target: "all", undo: async () => {} };
    },
  };
}

function at<T>(list: readonly T[], which: number): T {
  const one = list[which % list.length];
  if (one === undefined) throw new Error("the cluster has no such process");
  return one;
}
