/** A cluster of real processes on this machine, with a real nats-server, for tests that do harm to it. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type LocalProcess, planLocalCluster } from "@rollcall/cluster";
import { freePorts } from "@rollcall/nats/testing";
import { eventually } from "./eventually.ts";
import { type ClusterFaults, clusterFaults } from "./faults/cluster-faults.ts";
import { HarmedProcess } from "./faults/process-faults.ts";
import { type StoreProxy, startStoreProxy } from "./faults/store-proxy.ts";
import type { Endpoint } from "./wire.ts";

export interface ClusterOptions {
  /** 2 of each by default. */
  readonly counts?: Readonly<Partial<Record<"connection" | "roster" | "presence", number>>>;
  /** Further settings of all processes, as environment variables. */
  readonly env?: Readonly<Record<string, string>>;
  /** Without the proxy between services and store: for measurements. */
  readonly directStore?: boolean;
  /** Default: NATS_SERVER, or nats-server. */
  readonly natsServer?: string;
}

/** A connection node as clients and tests see it. */
export interface ClusterNode {
  readonly name: string;
  readonly process: HarmedProcess;
  readonly c2s: Endpoint;
  readonly c2sTls: Endpoint;
}

export interface RunningCluster {
  readonly domain: string;
  /** With the data of all processes. */
  readonly folder: string;
  readonly nodes: readonly ClusterNode[];
  readonly roster: readonly HarmedProcess[];
  readonly presence: readonly HarmedProcess[];
  readonly nats: HarmedProcess;
  readonly store: HarmedProcess;
  readonly storeProxy: StoreProxy;
  readonly faults: ClusterFaults;
  /** The HTTP ports of our processes, by their names. */
  readonly http: readonly { readonly name: string; readonly url: string }[];
  /** Settings under which the command line tool finds the cluster. */
  readonly env: NodeJS.ProcessEnv;
  addUser(jid: string, password: string): Promise<void>;
  /** Contacts in Momentum's format, by JID. */
  importRoster(jid: string, contacts: Readonly<Record<string, unknown>>): Promise<void>;
  /** Every process that runs says that it is ready. */
  settled(): Promise<void>;
  /** What the processes have printed. */
  output(): string;
  stop(): Promise<void>;
}

const cli = fileURLToPath(new URL("../../../packages/cli/dist/main.js", import.meta.url));
const domain = "localhost";

/** Login works in clear; the limits are wide enough for many clients of one address. */
export async function startCluster(options: ClusterOptions = {}): Promise<RunningCluster> {
  const counts = { connection: 2, roster: 2, presence: 2, ...options.counts };
  const folder = mkdtempSync(join(tmpdir(), "rollcall-cluster-"));
  const ports = await freePorts(3 * counts.connection + counts.roster + counts.presence + 4);
  const chosen = new Map<string, number>();
  const plan = planLocalCluster({
    counts,
    dataDir: join(folder, "data"),
    rollcall: [process.execPath, cli],
    nats: { command: options.natsServer ?? process.env.NATS_SERVER ?? "nats-server" },
    portFor(name, purpose) {
      const known = chosen.get(`${name} ${purpose}`) ?? ports.pop() ?? 0;
      chosen.set(`${name} ${purpose}`, known);
      return known;
    },
    env: {
      ROLLCALL_TLS_REQUIRED: "false",
      ROLLCALL_LOG_LEVEL: "warn",
      ROLLCALL_LIMITS_CONNECTIONS_PER_ADDRESS: "100000",
      ROLLCALL_LIMITS_ATTEMPTS_PER_ADDRESS: "1000000",
      ...options.env,
    },
  });
  const planned = plan.stages.flat();
  const storePlan = planned.find(({ kind }) => kind === "store");
  const storeProxy = await startStoreProxy({ store: `http://127.0.0.1:${storePlan?.ports.riak}` });
  const base = { PATH: process.env.PATH, HOME: folder };
  const processes = new Map(
    planned.map((one) => [
      one.name,
      new HarmedProcess({
        name: one.name,
        command: one.command,
        args: one.args,
        cwd: folder,
        env: {
          ...base,
          ...one.env,
          ...(one.kind === "nats" || one.kind === "store" || options.directStore
            ? {}
            : { ROLLCALL_RIAK_HOSTS: storeProxy.url }),
        },
        ready: async () => (await fetch(one.readyUrl)).ok,
      }),
    ]),
  );
  const processOf = ({ name }: LocalProcess): HarmedProcess => processes.get(name) as HarmedProcess;
  const all = (kind: LocalProcess["kind"]): HarmedProcess[] =>
    planned.filter((one) => one.kind === kind).map(processOf);
  const only = (kind: LocalProcess["kind"]): HarmedProcess => all(kind)[0] as HarmedProcess;

  const stop = async (): Promise<void> => {
    // In the order of the stages backwards, each at once: what a test leaves behind need not end gracefully.
    for (const stage of plan.stages.toReversed())
      await Promise.all(stage.map((one) => processOf(one).end("SIGKILL")));
    await storeProxy.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    if (plan.natsConfig !== undefined) {
      mkdirSync(join(folder, "data"), { recursive: true });
      writeFileSync(plan.natsConfig.file, plan.natsConfig.text);
    }
    for (const stage of plan.stages) await Promise.all(stage.map((one) => processOf(one).start()));
  } catch (error) {
    await stop();
    throw error;
  }

  const nodes = planned
    .filter(({ kind }) => kind === "connection")
    .map((one) => ({
      name: one.name,
      process: processOf(one),
      c2s: { host: "127.0.0.1", port: one.ports.c2s ?? 0 },
      c2sTls: { host: "127.0.0.1", port: one.ports.c2s_tls ?? 0 },
    }));
  const parts = {
    roster: all("roster"),
    presence: all("presence"),
    nats: only("nats"),
    store: only("store"),
  };
  const adminPlan = planned.filter(({ kind }) => kind === "roster");
  const token = readFileSync(join(folder, "data", "admin-token"), "utf8").trim();

  /** Asks whichever roster process is there. */
  async function admin(path: string, contentType: string, body: string): Promise<string> {
    const there = adminPlan.find((one) => processOf(one).running) ?? adminPlan[0];
    const answer = await fetch(`http://127.0.0.1:${there?.ports.http}/admin/v1${path}`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": contentType },
      body,
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${text}`);
    return text;
  }

  return {
    domain,
    folder,
    nodes,
    ...parts,
    storeProxy,
    http: planned
      .filter(({ kind }) => kind !== "nats")
      .map((one) => ({ name: one.name, url: `http://127.0.0.1:${one.ports.http}` })),
    faults: clusterFaults({ connection: nodes.map((node) => node.process), ...parts, storeProxy }),
    env: { ...base, ROLLCALL_DATA_DIR: join(folder, "data"), ...adminPlan[0]?.env },
    async addUser(jid, password) {
      await admin("/users", "application/json", JSON.stringify({ jid, password }));
    },
    async importRoster(jid, contacts) {
      const report = await admin(
        "/rosters/import",
        "application/x-ndjson",
        `${JSON.stringify({ jid, contacts })}\n`,
      );
      if (!/"added":[1-9]|"changed":[1-9]/.test(report)) throw new Error(`import of ${jid}: ${report}`);
    },
    async settled() {
      await eventually("every process is ready", async () => {
        const running = planned.filter((one) => processOf(one).running);
        const ready = await Promise.all(
          running.map(({ readyUrl }) =>
            fetch(readyUrl).then(
              (answer) => answer.ok,
              () => false,
            ),
          ),
        );
        return ready.every((one) => one);
      });
    },
    output: () =>
      [...processes.values()]
        .map((one) => (one.output === "" ? "" : `== ${one.name}\n${one.output}`))
        .join(""),
    stop,
  };
}
