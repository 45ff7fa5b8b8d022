import { accessSync, constants, statSync } from "node:fs";
import { join } from "node:path";
import type { Check, Finding } from "@rollcall/contracts";
import type { ServerSettings } from "../server-access.ts";

const TOKEN_LENGTH = 16;

/** The directory of the server, and who may read the token in it. */
export function checkDataDir({ loaded }: ServerSettings): Check {
  const { values } = loaded;
  const dir = values["data.dir"];
  return {
    check: "data-dir",
    title: `${dir} can be used, and its secrets are closed to others`,
    findings: [...directoryFindings(dir), ...tokenFindings(join(dir, "admin-token"), values["admin.token"])],
  };
}

function directoryFindings(dir: string): Finding[] {
  try {
    accessSync(dir, constants.R_OK | constants.W_OK | constants.X_OK);
    return [];
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") {
      const message = `the directory ${dir} (data.dir) does not exist`;
      const action =
        "a server makes it at its first start; run this in the directory of the server, or set data.dir";
      return [{ severity: "warning", code: "no-data-dir", message, action }];
    }
    const message = `${dir} (data.dir) cannot be used by this user (${code})`;
    const action = "run this as the user of the server; its directory belongs to that user";
    return [{ severity: "error", code: "data-dir", message, action }];
  }
}

function tokenFindings(file: string, configured: string | undefined): Finding[] {
  if (configured !== undefined) {
    if (configured.length >= TOKEN_LENGTH) return [];
    const message = `the admin token is shorter than ${TOKEN_LENGTH} characters`;
    return [{ severity: "error", code: "token-short", message, action: "set a longer admin.token" }];
  }
  try {
    if ((statSync(file).mode & 0o077) === 0) return [];
  } catch {
    // Where there is none, nobody can read it; that it is missing shows when it is needed.
    return [];
  }
  const message = `others on this machine can read the admin token in ${file}`;
  const action = `chmod 600 ${file}; if somebody may have read it, delete it and restart the server`;
  return [{ severity: "error", code: "token-exposed", message, action }];
}
