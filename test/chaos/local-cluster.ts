/** A cluster of real processes as something to do harm to. */
import { startCluster } from "@rollcall/testkit";
import { importUsers } from "./all-in-one.ts";
import type { ChaosUser, ClusterUnderChaos } from "./cluster-under-chaos.ts";
import { clusterVerbs } from "./cluster-verbs.ts";

const password = "secret";

export async function startLocalCluster(users: readonly ChaosUser[]): Promise<ClusterUnderChaos> {
  const level = process.env.ROLLCALL_LOG_LEVEL;
  const cluster = await startCluster({ env: level === undefined ? {} : { ROLLCALL_LOG_LEVEL: level } });
  const { domain, folder, env, nodes, roster, presence, nats, store, storeProxy } = cluster;
  try {
    await importUsers(users, { domain, password, folder, env });
  } catch (error) {
    await cluster.stop();
    throw error;
  }
  return {
    name: "cluster",
    domain,
    password,
    nodes: () => nodes.map(({ name, c2s }) => ({ name, ...c2s })),
    faults: clusterVerbs({
      connection: nodes.map((node) => node.process),
      roster,
      presence,
      nats,
      store,
      storeProxy,
    }),
    output: () => cluster.output(),
    stop: () => cluster.stop(),
  };
}
