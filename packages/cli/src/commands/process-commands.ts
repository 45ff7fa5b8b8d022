import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type Command, InvalidArgumentError, Option } from "commander";
import { CliError, exitCodes } from "../exit-codes.ts";
import { type GlobalOptions, loadServerSettings } from "../server-access.ts";

/** Takes the exit code of a process that ran. */
export type OnEnded = (code: number) => void;

const processes = [
  ["connection", "run a connection node: holds the connections of clients, and owns nothing"],
  [
    "roster",
    "run a roster instance: rosters and subscriptions of its share of the accounts, and the admin interface",
  ],
  ["presence", "run a presence instance: sessions, presence and delivery of its share of the accounts"],
  ["store", "run the embedded store alone, for a cluster on one machine; Riak takes its place elsewhere"],
] as const;

interface ClusterOptions extends GlobalOptions {
  readonly connection: number;
  readonly roster: number;
  readonly presence: number;
  readonly natsServer: string;
  readonly nats?: string;
}

/** `rollcall connection|roster|presence|store`, one process each, and `rollcall cluster`, all of them here. */
export function addProcessCommands(program: Command, onEnded: OnEnded): void {
  for (const [kind, description] of processes) {
    const existing = program.commands.find((command) => command.name() === kind);
    (existing ?? program.command(kind))
      .description(
        existing === undefined ? description : `${existing.description()}; without a verb: ${description}`,
      )
      .addHelpText(
        "after",
        "\nRuns until SIGTERM or SIGINT. It reads the same settings as every other process (rollcall config lists them)\n" +
          "and answers /livez, /readyz and /startupz on listen.http.",
      )
      .action(async (_options: unknown, command: Command) => {
        const { config } = command.optsWithGlobals<GlobalOptions>();
        // Brings everything with it that a process needs, which takes longer to load than `--help` should.
        const { runProcess } = await import("@rollcall/cluster");
        onEnded(await runProcess({ kind, version: version(), env: process.env, file: config }));
      });
  }

  const count = (name: string, what: string): Option =>
    new Option(`--${name} <count>`, what).default(2).argParser((text) => {
      const number = Number(text);
      if (Number.isInteger(number) && number >= 1 && number <= 10) return number;
      throw new InvalidArgumentError("It is a number from 1 to 10.");
    });
  program
    .command("cluster")
    .description("run a whole cluster on this machine: NATS, store, and several processes of each kind")
    .addOption(count("connection", "connection nodes"))
    .addOption(count("roster", "roster instances"))
    .addOption(count("presence", "presence instances"))
    .addOption(
      new Option("--nats-server <program>", "the nats-server to run")
        .env("NATS_SERVER")
        .default("nats-server"),
    )
    .option("--nats <servers>", "host:port of a NATS that runs already, with JetStream")
    .addHelpText(
      "after",
      "\nNeeds nats-server 2.9.10 or later (apt-get install nats-server; brew install nats-server; https://nats.io/download).\n" +
        "A process that dies is started again. Ctrl-C ends all of them in order.",
    )
    .action(async (_options: unknown, command: Command) => {
      const options = command.optsWithGlobals<ClusterOptions>();
      const { values } = (await loadServerSettings(options)).loaded;
      const { runLocalCluster } = await import("@rollcall/cluster");
      const code = await runLocalCluster({
        counts: { connection: options.connection, roster: options.roster, presence: options.presence },
        dataDir: values["data.dir"],
        rollcall: [process.execPath, fileURLToPath(new URL("../main.js", import.meta.url))],
        nats: options.nats === undefined ? { command: options.natsServer } : { servers: options.nats },
        env: options.config === undefined ? process.env : { ...process.env, ROLLCALL_CONFIG: options.config },
        domain: values.domains[0] ?? "localhost",
      });
      if (code !== 0) throw new CliError(exitCodes.fault, "the cluster has ended");
    });
}

function version(): string {
  const manifest = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(manifest) as { version: string }).version;
}
