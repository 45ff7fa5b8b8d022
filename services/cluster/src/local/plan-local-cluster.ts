/** What a cluster on one machine consists of: pure, so that whoever runs it (a command, a test) does so in its own way. */
import { join } from "node:path";

export interface LocalClusterOptions {
  /** Of each kind, 1 to 10. */
  readonly counts: Readonly<Record<"connection" | "roster" | "presence", number>>;
  /** Where the embedded store and NATS keep what they have; shared by all processes. */
  readonly dataDir: string;
  /** Command and arguments before the kind of a process: how `rollcall` is run. */
  readonly rollcall: readonly [command: string, ...args: string[]];
  /** The nats-server to run, or where one is already. */
  readonly nats: { readonly command: string } | { readonly servers: string };
  /** Riak's HTTP API as host:port, where it is not that of the embedded store that is started. */
  readonly riak?: string | undefined;
  /** A port of loopback for a purpose of a process. */
  readonly portFor: (process: string, purpose: PortPurpose) => number;
  /** Further settings of all processes, as environment variables. */
  readonly env?: Readonly<Record<string, string>> | undefined;
}

export type PortPurpose = "c2s" | "c2s_tls" | "http" | "riak" | "nats";
export type LocalProcessKind = "nats" | "store" | "roster" | "presence" | "connection";

export interface LocalProcess {
  /** `roster-2`, for instance. */
  readonly name: string;
  readonly kind: LocalProcessKind;
  readonly command: string;
  readonly args: readonly string[];
  /** To be added to the environment. */
  readonly env: Readonly<Record<string, string>>;
  readonly ports: Readonly<Partial<Record<PortPurpose, number>>>;
  /** Answers 200 when the process does its work. */
  readonly readyUrl: string;
}

export interface LocalCluster {
  /** In the order of the start: those of a stage together, when all before are ready. Ended in reverse. */
  readonly stages: readonly (readonly LocalProcess[])[];
  /** File and content of the configuration of nats-server, to be written before it starts. */
  readonly natsConfig: { readonly file: string; readonly text: string } | undefined;
}

export function planLocalCluster(options: LocalClusterOptions): LocalCluster {
  const { counts, dataDir, nats, rollcall, portFor } = options;
  const at = (port: number): string => `127.0.0.1:${port}`;
  const [command, ...prefix] = rollcall;
  const natsPort = portFor("nats", "nats");
  const riakPort = portFor("store", "riak");
  const shared = {
    ...options.env,
    ROLLCALL_DATA_DIR: dataDir,
    ROLLCALL_NATS_SERVERS: "servers" in nats ? nats.servers : at(natsPort),
    ROLLCALL_RIAK_HOSTS: options.riak ?? at(riakPort),
  };
  const one = (
    name: string,
    kind: Exclude<LocalProcessKind, "nats">,
    purposes: readonly PortPurpose[],
  ): LocalProcess => {
    const ports = Object.fromEntries(purposes.map((purpose) => [purpose, portFor(name, purpose)]));
    const listen = Object.entries(ports).map(([purpose, port]) => [
      `ROLLCALL_LISTEN_${purpose.toUpperCase()}`,
      at(port),
    ]);
    return {
      name,
      kind,
      command,
      args: [...prefix, kind],
      env: { ...shared, ...Object.fromEntries(listen) },
      ports,
      readyUrl: `http://${at(ports.http ?? 0)}/readyz`,
    };
  };
  const several = (kind: keyof typeof counts, purposes: readonly PortPurpose[]): LocalProcess[] =>
    Array.from({ length: counts[kind] }, (_, index) => one(`${kind}-${index + 1}`, kind, purposes));

  const file = join(dataDir, "nats.conf");
  const monitorPort = portFor("nats", "http");
  const natsServer: LocalProcess[] =
    "servers" in nats
      ? []
      : [
          {
            name: "nats",
            kind: "nats",
            command: nats.command,
            args: ["-c", file],
            env: {},
            ports: { nats: natsPort, http: monitorPort },
            readyUrl: `http://${at(monitorPort)}/healthz`,
          },
        ];
  const store = options.riak === undefined ? [one("store", "store", ["riak", "http"])] : [];
  // What connection nodes share in the data folder is made by the first of them.
  const [first, ...others] = several("connection", ["c2s", "c2s_tls", "http"]);
  const stages = [
    [...natsServer, ...store],
    [
      ...several("roster", ["http"]),
      ...several("presence", ["http"]),
      ...(first === undefined ? [] : [first]),
    ],
    others,
  ];
  return {
    stages: stages.filter((stage) => stage.length > 0),
    natsConfig:
      "servers" in nats ? undefined : { file, text: natsConfig(at(natsPort), at(monitorPort), dataDir) },
  };
}

function natsConfig(listen: string, monitor: string, dataDir: string): string {
  return `listen: ${JSON.stringify(listen)}
http: ${JSON.stringify(monitor)}
# A client that does not read must not hold up those that do.
write_deadline: "2s"
ping_interval: "10s"
jetstream { store_dir: ${JSON.stringify(join(dataDir, "nats"))} }
`;
}

/**
 * Ports that are the same every time: clients on 5222 and 5223, 5232 and 5233, …; the admin interface on 8080; NATS on
 * 4222; Riak on 8098.
 */
export function usualPort(process: string, purpose: PortPurpose): number {
  const [kind = "", number = "1"] = process.split("-");
  const index = Number(number) - 1;
  switch (purpose) {
    case "c2s":
      return 5222 + 10 * index;
    case "c2s_tls":
      return 5223 + 10 * index;
    case "riak":
      return 8098;
    case "nats":
      return 4222;
    case "http":
      return (httpPorts[kind] ?? 8100) + index;
  }
}

const httpPorts: Readonly<Record<string, number>> = {
  roster: 8080,
  presence: 8110,
  connection: 8120,
  store: 8099,
  nats: 8222,
};
