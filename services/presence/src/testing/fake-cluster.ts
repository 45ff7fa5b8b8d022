/** The nodes beside the presence service, and what they have noted, as a test wants them. */
import type { NodeWatch } from "@rollcall/ownership";
import type { ManifestSession, NodeManifest, PresenceCluster } from "../cluster/presence-cluster.ts";

export class FakeCluster implements PresenceCluster {
  readonly nodes: NodeWatch;
  readonly manifest: NodeManifest;
  /** Keys that were purged, as `node partition`, in order. */
  readonly purged: string[] = [];
  /** Fails reads of the manifest while it is set. */
  manifestFault: Error | undefined = undefined;
  readonly #heard = new Set<string>();
  readonly #running = new Set<string>();
  readonly #listeners = new Set<(nodeId: string) => void>();
  readonly #notes = new Map<string, readonly ManifestSession[]>();

  constructor() {
    this.nodes = {
      nodes: () => [...this.#heard],
      onDead: (listener) => {
        this.#listeners.add(listener);
        return () => this.#listeners.delete(listener);
      },
      isThere: async (nodeId) => this.#running.has(nodeId),
      whenHeard: () => Promise.resolve(),
      stop: () => this.#listeners.clear(),
    };
    this.manifest = {
      nodesWith: (partition) =>
        [...this.#notes.keys()]
          .filter((key) => key.endsWith(` ${partition}`))
          .map((key) => key.split(" ")[0]!),
      read: async (nodeId, partition) => {
        if (this.manifestFault !== undefined) throw this.manifestFault;
        return this.#notes.get(`${nodeId} ${partition}`) ?? [];
      },
      purge: async (nodeId, partition) => {
        this.purged.push(`${nodeId} ${partition}`);
        this.#notes.delete(`${nodeId} ${partition}`);
      },
    };
  }

  /** The node runs and is heard. */
  join(nodeId: string): void {
    this.#heard.add(nodeId);
    this.#running.add(nodeId);
  }

  /** The process ends. Nobody has noticed yet. */
  vanish(nodeId: string): void {
    this.#running.delete(nodeId);
  }

  /** It is noticed that the node is dead, whether or not its process is there. */
  bury(nodeId: string): void {
    this.#heard.delete(nodeId);
    for (const listener of [...this.#listeners]) listener(nodeId);
  }

  die(nodeId: string): void {
    this.vanish(nodeId);
    this.bury(nodeId);
  }

  note(nodeId: string, partition: number, sessions: readonly ManifestSession[]): void {
    this.#notes.set(`${nodeId} ${partition}`, sessions);
  }
}
