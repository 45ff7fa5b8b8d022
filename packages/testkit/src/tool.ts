import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/** Whether a command is on the PATH, or is the path of one. */
export function hasTool(command: string): boolean {
  if (command.includes("/")) return isExecutable(command);
  return (process.env.PATH ?? "").split(delimiter).some((folder) => isExecutable(join(folder, command)));
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** A command, or what the variable of its name says is to be run for it: NATS_SERVER for `nats-server`. */
export function toolFor(command: string): string {
  return process.env[command.toUpperCase().replaceAll("-", "_")] ?? command;
}

/**
 * Options for a test that uses a command: where it is not installed the test is skipped and says so. Never in CI,
 * where the test runs and fails.
 */
export function needs(command: string): { skip: string | false } {
  const isHere = hasTool(toolFor(command));
  return { skip: isHere || process.env.CI !== undefined ? false : `${command} is not installed` };
}
