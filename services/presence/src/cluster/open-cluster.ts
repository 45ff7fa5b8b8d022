import type { Bus } from "@rollcall/bus";
import type { Preparation } from "@rollcall/ownership";
import type { Logger, Tracer } from "@rollcall/telemetry";
import type { PresenceCounters } from "../counters.ts";
import type { Outbox } from "../fan-out/outbox.ts";
import type { OwnerPost } from "../fan-out/owner-post.ts";
import type { NodePresence } from "../handlers/bind-resource.ts";
import type { EndSession } from "../handlers/end-session.ts";
import type { LocalDomains } from "../local-domains.ts";
import type { RosterKeeper } from "../roster-view/roster-keeper.ts";
import type { LastUnavailablePresence } from "../sessions/last-unavailable.ts";
import type { SessionRegistry } from "../sessions/session-registry.ts";
import type { SharedTexts } from "../sessions/shared-texts.ts";
import { AskNodes } from "./ask-nodes.ts";
import type { Debts } from "./debts.ts";
import { ForgetPartitions } from "./forget-partitions.ts";
import { ManifestDebts } from "./manifest-debts.ts";
import { NodeDeaths } from "./node-deaths.ts";
import { OwnPartitions } from "./own-partitions.ts";
import type { PresenceCluster } from "./presence-cluster.ts";
import { RestoreSessions } from "./restore-sessions.ts";
import { WarmRosters } from "./warm-rosters.ts";

export interface OpenClusterDeps {
  readonly cluster: PresenceCluster | undefined;
  readonly bus: Bus;
  readonly sleep: (ms: number) => Promise<void>;
  readonly logger: Logger;
  readonly tracer: Tracer;
  readonly counters: PresenceCounters;
  readonly instanceId: string;
  readonly debts: Debts;
  readonly registry: SessionRegistry;
  readonly outbox: Outbox;
  readonly texts: SharedTexts;
  readonly rosters: RosterKeeper;
  readonly post: OwnerPost;
  readonly lastUnavailable: LastUnavailablePresence;
  readonly domains: LocalDomains;
  readonly endSession: EndSession;
  readonly now: () => number;
}

/** The part of the parts list that only a cluster needs. */
export interface OpenCluster {
  readonly partitions: Preparation;
  /** `undefined` where there is no other node. */
  readonly nodePresence: NodePresence | undefined;
  readonly stop: () => void;
}

export function openCluster(deps: OpenClusterDeps): OpenCluster {
  const { cluster } = deps;
  const forgetPartitions = new ForgetPartitions(deps);
  if (cluster === undefined) {
    const partitions: Preparation = {
      gained: () => Promise.resolve(),
      lost: (partition) => forgetPartitions.forget(partition),
    };
    return { partitions, nodePresence: undefined, stop: () => {} };
  }
  const { nodes, manifest } = cluster;
  const manifestDebts = new ManifestDebts({ ...deps, manifest });
  const nodeDeaths = new NodeDeaths({ ...deps, nodes, manifest, manifestDebts });
  const partitions = new OwnPartitions({
    ...deps,
    cluster,
    manifestDebts,
    nodeDeaths,
    forgetPartitions,
    askNodes: new AskNodes({ ...deps, nodes }),
    restoreSessions: new RestoreSessions(deps),
    warmRosters: new WarmRosters(deps.rosters),
  });
  partitions.start();
  return { partitions, nodePresence: nodeDeaths, stop: () => partitions.stop() };
}
