import { hasTool, startCluster } from "@rollcall/testkit";
import type { LoadEndpoint } from "./load-client.ts";
import { importUsers } from "./rollcall.ts";
import type { ServerKind } from "./server-under-test.ts";

/** A cluster of processes: so many connection nodes, two roster and two presence instances, NATS and the store. */
export function rollcallCluster(connection: number): ServerKind {
  const name = `Rollcall, ${connection} ${connection === 1 ? "node" : "nodes"}`;
  const natsServer = process.env.NATS_SERVER ?? "nats-server";
  return {
    name,
    missing: () => (hasTool(natsServer) ? undefined : `${natsServer} is not installed`),
    async start(users) {
      const cluster = await startCluster({ counts: { connection }, directStore: true });
      const { env, folder, nats, nodes, presence, roster, store } = cluster;
      await importUsers(users, folder, env);
      // What an import leaves in memory is not what is measured.
      for (const one of [...roster, store]) await one.restart();
      await cluster.settled();
      const processes = [nats, store, ...roster, ...presence, ...nodes.map((node) => node.process)];
      let turn = 0;
      const inTurn = (tls: LoadEndpoint["tls"]): LoadEndpoint => ({
        host: "127.0.0.1",
        // Clients are spread over the nodes.
        get port() {
          turn += 1;
          return nodes[turn % nodes.length]?.c2s.port ?? 0;
        },
        tls,
      });
      return {
        name,
        pid: processes.map((one) => one.pid ?? 0),
        plain: inTurn("none"),
        secure: inTurn("starttls"),
        stop: () => cluster.stop(),
      };
    },
  };
}
