import { setTimeout as pause } from "node:timers/promises";
import { formatSettingProblems, loadSettings, processSettings } from "@rollcall/runtime";
import { type Command, InvalidArgumentError } from "commander";
import { CliError, exitCodes } from "../exit-codes.ts";
import { print } from "../output.ts";
import { type GlobalOptions, urlOf } from "../server-access.ts";

interface LeaveOptions extends GlobalOptions {
  readonly pid: number;
}

/** Nothing else is looked at, so that the command is small: it runs beside a process that may be short of memory. */
const leaveSettings = {
  "listen.http": processSettings["listen.http"],
  "drain.unready_ms": processSettings["drain.unready_ms"],
} as const;

/** How long the process may take to hear the signal. Milliseconds. */
const heardMs = 5_000;
const lookAgainMs = 50;

/** `rollcall leave`, for the preStop hook of a pod. */
export function addLeaveCommand(program: Command): void {
  program
    .command("leave")
    .description(
      "tell a process of this machine that it will be stopped: it is not ready any more, and serves on",
    )
    .requiredOption("--pid <pid>", "the process; in a container it is 1", (text) => {
      const pid = Number(text);
      if (Number.isInteger(pid) && pid > 0) return pid;
      throw new InvalidArgumentError("It is the id of a process.");
    })
    .addHelpText(
      "after",
      "\nSends SIGUSR2, and comes back when /readyz says no and drain.unready_ms has passed; a SIGTERM then begins the drain\n" +
        "at once. It cannot be taken back. Run it with the settings of the process.",
    )
    .action(async (_options: unknown, command: Command) => {
      const { config, pid } = command.optsWithGlobals<LeaveOptions>();
      const loaded = loadSettings(leaveSettings, { env: process.env, file: config, others: "any" });
      if (loaded.kind === "invalid") {
        throw new CliError(exitCodes.usage, `settings are wrong\n${formatSettingProblems(loaded).trimEnd()}`);
      }
      const { "listen.http": listen, "drain.unready_ms": unreadyMs } = loaded.values;
      const since = performance.now();
      notify(pid);
      if (listen !== undefined) await untilUnready(new URL("/readyz", urlOf(listen)), pid);
      // A timer may come a moment early.
      while (performance.now() - since < unreadyMs)
        await pause(Math.ceil(unreadyMs - (performance.now() - since)));
      await print(`process ${pid} is not ready since ${Math.floor(performance.now() - since)} ms\n`);
    });
}

function notify(pid: number): void {
  try {
    process.kill(pid, "SIGUSR2");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new CliError(
      code === "ESRCH" ? exitCodes.unreachable : exitCodes.usage,
      code === "ESRCH"
        ? `there is no process ${pid}; it has ended, or --pid is another one`
        : `process ${pid} takes no signal from this user (${code}); run as the user of the process`,
    );
  }
}

async function untilUnready(url: URL, pid: number): Promise<void> {
  const deadline = performance.now() + heardMs;
  while (await isReady(url)) {
    if (performance.now() > deadline) {
      throw new CliError(
        exitCodes.fault,
        `${url} goes on saying that it is ready; is process ${pid} the one that listens there?`,
      );
    }
    await pause(lookAgainMs);
  }
}

/** One that does not answer is not ready to anybody. */
async function isReady(url: URL): Promise<boolean> {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(1_000) });
    await answer.body?.cancel();
    return answer.ok;
  } catch {
    return false;
  }
}
