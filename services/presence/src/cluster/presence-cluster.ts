import type { NodeWatch } from "@rollcall/ownership";
import type { FullJid } from "@rollcall/xmpp";

/** A session as its node noted it for the case of its own death: one that is available or has sent directed presence. */
export interface ManifestSession {
  readonly session: number;
  readonly jid: FullJid;
  /** Who got directed presence, and no unavailable since. */
  readonly directed: readonly string[];
}

/** What nodes have left behind, by partition. */
export interface NodeManifest {
  /** Nodes, alive or dead, that have noted something of the partition. */
  nodesWith(partition: number): readonly string[];
  read(nodeId: string, partition: number): Promise<readonly ManifestSession[]>;
  purge(nodeId: string, partition: number): Promise<void>;
}

/** What there is beside this process where partitions come and go. */
export interface PresenceCluster {
  readonly nodes: NodeWatch;
  readonly manifest: NodeManifest;
}
