import { Argument, type Command, Option } from "commander";
import { AdminClient } from "../admin-client.ts";
import { formatDuration, parseDuration } from "../duration.ts";
import { CliError, exitCodes } from "../exit-codes.ts";
import { print, table } from "../output.ts";
import { findServer, type GlobalOptions } from "../server-access.ts";

type TraceOptions = GlobalOptions & { readonly for: number; readonly stop?: boolean };
type LevelOptions = GlobalOptions & {
  readonly area?: string;
  readonly for?: number;
  readonly process?: readonly string[];
};

interface ControlAnswer {
  readonly processes: readonly {
    readonly process: string;
    readonly kind: string;
    readonly result: "done" | "not-known" | "failed";
    readonly message?: string;
  }[];
  /** Processes that should have answered. */
  readonly missing: readonly string[];
}

/** `rollcall trace` and `rollcall log-level`: what running processes do for a while. */
export function addControlCommands(program: Command): void {
  program
    .command("trace")
    .argument("<jid>", "user@domain, or user@domain/resource for one session")
    .description("trace every stanza of an account for a while, whatever the sampling says")
    .addOption(
      new Option("--for <time>", "how long: 30s, 5m, 1h").argParser(parseDuration).default(300_000, "5m"),
    )
    .option("--stop", "end it now")
    .addHelpText(
      "after",
      "\nThe spans go where the others go (see docs/diagnosis.md). Processes that start meanwhile do not know of it.",
    )
    .action(async (jid: string, _options: unknown, command: Command) => {
      const options = command.optsWithGlobals<TraceOptions>();
      const client = new AdminClient(await findServer(options));
      const forMs = options.stop ? 0 : options.for;
      const answer = await client.json<ControlAnswer & { jid: string }>("POST", "/trace", { jid, forMs });
      const what = options.stop
        ? `${answer.jid} is traced no more`
        : `${answer.jid} is traced for ${formatDuration(forMs)}`;
      await tell(answer, what, options);
    });

  program
    .command("log-level")
    .addArgument(
      new Argument("<level>", "the least important lines that are logged").choices([
        "debug",
        "info",
        "warn",
        "error",
        "silent",
      ]),
    )
    .description("change what running processes log, without a restart")
    .addOption(
      new Option(
        "--for <time>",
        "then back as before: 30s, 5m, 1h; without it until the process ends",
      ).argParser(parseDuration),
    )
    .option("--area <name>", "only events of this area, the part before the dot (docs/logs.md), such as riak")
    .option(
      "--process <names...>",
      "only these processes: ids as rollcall status shows them, or kinds (connection, roster, presence)",
    )
    .action(async (level: string, _options: unknown, command: Command) => {
      const options = command.optsWithGlobals<LevelOptions>();
      const client = new AdminClient(await findServer(options));
      const answer = await client.json<ControlAnswer>("POST", "/log-level", {
        level,
        ...(options.area === undefined ? {} : { area: options.area }),
        ...(options.for === undefined ? {} : { forMs: options.for }),
        ...(options.process === undefined ? {} : { processes: options.process }),
      });
      const time = options.for === undefined ? "" : ` for ${formatDuration(options.for)}`;
      const what = options.area === undefined ? "" : `${options.area} `;
      await tell(answer, `logging ${what}at ${level}${time}`, options);
    });
}

async function tell(answer: ControlAnswer, what: string, options: GlobalOptions): Promise<void> {
  if (options.json) {
    await print(`${JSON.stringify(answer)}\n`);
  } else {
    const words = { done: what, "not-known": "cannot do that", failed: "failed" } as const;
    const rows = answer.processes.map(({ process, result, message }) => [
      process,
      message === undefined ? words[result] : `${words[result]}: ${message}`,
    ]);
    for (const process of answer.missing) rows.push([process, "did not answer"]);
    await print(table(["process", "result"], rows));
  }
  const others = answer.processes.filter(({ result }) => result !== "done").length + answer.missing.length;
  if (others === 0) return;
  const all = answer.processes.length + answer.missing.length;
  throw new CliError(
    exitCodes.refused,
    `${others} of ${all} processes did not do it; rollcall status and rollcall doctor tell more`,
  );
}
