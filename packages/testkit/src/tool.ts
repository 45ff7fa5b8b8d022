import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/** Whether a command is on the PATH. */
export function hasTool(command: string): boolean {
  return (process.env.PATH ?? "").split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, command), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/**
 * Options for a test that uses a command: where it is not installed the test is skipped and says so. Never in CI,
 * where the test runs and fails.
 */
export function needs(command: string): { skip: string | false } {
  return { skip: hasTool(command) || process.env.CI !== undefined ? false : `${command} is not installed` };
}
