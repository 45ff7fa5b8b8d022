import type { OwnerMap } from "@rollcall/ownership";

/** What a node tells its manifest: which partitions to note anew, for the case that it dies together with an owner. */
export interface SessionManifest {
  /** Sessions of the partition became available or unavailable, or directed presence to somebody else. */
  changed(partition: number): void;
  /** Resolves when all that changed is noted. */
  flush(): Promise<void>;
  /** Nobody is owed anything any more: what the node noted is removed. */
  clear(): Promise<void>;
}

/** What there is beside this process where owners are other processes, and may change. */
export interface ConnectionCluster {
  /** The presence owners. */
  readonly owners: OwnerMap;
  /** Whether the connection to NATS is there. */
  connected(): boolean;
  /** When others last heard this node for sure: a connection that stands still looks like one that is there. */
  readonly heardAt?: (() => number) | undefined;
  readonly manifest: SessionManifest;
  /** Addressees of directed presence that are remembered for one session; that of the presence service. Default 500. */
  readonly directedPerSession?: number | undefined;
}
