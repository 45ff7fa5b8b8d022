import { Command, CommanderError } from "commander";
import { addAccountCommands } from "./commands/account-commands.ts";
import { addBucketsCommand } from "./commands/buckets-command.ts";
import { addConfigCommand } from "./commands/config-command.ts";
import { addControlCommands } from "./commands/control-commands.ts";
import { addDoctorCommand } from "./commands/doctor-command.ts";
import { addLeaveCommand } from "./commands/leave-command.ts";
import { addProcessCommands, type OnEnded } from "./commands/process-commands.ts";
import { addRosterCommands } from "./commands/roster-commands.ts";
import { addStatusCommand } from "./commands/status-command.ts";
import { addUserCommands } from "./commands/user-commands.ts";
import { CliError, exitCodes } from "./exit-codes.ts";

/**
 * Runs one `rollcall` command. `arguments_` are those after the name of the program.
 * @returns the exit code; messages have been written.
 */
export async function runCli(arguments_: readonly string[]): Promise<number> {
  let code: number = exitCodes.success;
  const onEnded = (ofProcess: number): void => {
    code = ofProcess;
  };
  try {
    await createProgram(onEnded).parseAsync(arguments_, { from: "user" });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) {
      // Commander has written its message already; help and version end this way, too.
      return error.exitCode === 0 ? exitCodes.success : exitCodes.usage;
    }
    if (error instanceof CliError) {
      process.stderr.write(`rollcall: ${error.message}\n`);
      return error.exitCode;
    }
    process.stderr.write(
      `rollcall: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
    );
    return exitCodes.fault;
  }
}

function createProgram(onEnded: OnEnded): Command {
  const program = new Command("rollcall");
  program
    .description(
      "Looks after the accounts and rosters of a Rollcall server, and runs the processes of a cluster.",
    )
    .option("--url <url>", "address of the admin interface; from listen.http by default")
    .option("--token <token>", "admin token; from admin.token or the file in data.dir by default")
    .option("--config <file>", "settings file; ROLLCALL_CONFIG or rollcall.yaml by default")
    .option("--json", "print JSON for programs")
    .addHelpText(
      "after",
      `
Examples:
  rollcall user add alice@localhost
  rollcall user import users.ndjson
  rollcall roster show alice@localhost
  rollcall config
  rollcall cluster

Exit codes:
  0  done
  1  an unexpected fault
  2  the command line, the settings or the token are wrong
  3  the server refused: exists already, not found, not valid; an import left lines out
  4  the server or its store cannot be reached, or the connection broke off
  status ends with 1 where the cluster is not healthy, doctor with the number of errors, why with 3 where somebody is not shown`,
    );
  addUserCommands(program);
  addRosterCommands(program);
  addAccountCommands(program, onEnded);
  addStatusCommand(program, onEnded);
  addDoctorCommand(program, onEnded);
  addControlCommands(program);
  addConfigCommand(program);
  addBucketsCommand(program);
  addProcessCommands(program, onEnded);
  addLeaveCommand(program);
  applyToAll(program, (command) => {
    command
      .exitOverride()
      .showHelpAfterError("(--help tells more)")
      .configureHelp({ showGlobalOptions: true });
  });
  return program;
}

function applyToAll(command: Command, apply: (command: Command) => void): void {
  apply(command);
  for (const child of command.commands) applyToAll(child, apply);
}
