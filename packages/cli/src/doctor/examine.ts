/**
 * What `rollcall doctor` looks at, in the order in which one thing needs the other: settings, token, the server, and what
 * the server says of the cluster. Where there is no server, what it would need is looked at from here.
 */
import type { Check, ClusterStatus, Finding } from "@rollcall/contracts";
import { loadSettings } from "@rollcall/runtime";
import { AdminClient } from "../admin-client.ts";
import { CliError, exitCodes } from "../exit-codes.ts";
import {
  findServer,
  findUrl,
  type GlobalOptions,
  type ServerAccess,
  type ServerSettings,
} from "../server-access.ts";
import { checkCertificateFiles } from "./certificate-files.ts";
import { checkDataDir } from "./data-dir.ts";
import { checkBackends } from "./reach-backends.ts";
import { askHealth } from "./server-health.ts";

export async function* examine(options: GlobalOptions): AsyncGenerator<Check> {
  const { check: settingsCheck, settings } = await readSettings(options);
  yield settingsCheck;
  if (settings !== undefined) {
    yield checkDataDir(settings);
    yield checkCertificateFiles(settings, Date.now());
  }

  const url = await orRefusal(findUrl(options));
  if (url instanceof CliError) {
    // Settings that cannot be read are told already.
    if (settings !== undefined) yield refused("server", "there is an admin interface", "no-admin", url);
    return;
  }
  const health = await askHealth(url);
  yield health;
  if (health.findings.some(({ code }) => code === "no-server")) {
    if (settings !== undefined) yield* checkBackends(settings);
    return;
  }
  const access = await orRefusal(findServer(options));
  if (access instanceof CliError) yield refused("token", "there is an admin token", "no-token", access);
  else yield* askServer(access);
}

async function orRefusal<T>(found: Promise<T>): Promise<T | CliError> {
  try {
    return await found;
  } catch (error) {
    if (error instanceof CliError) return error;
    throw error;
  }
}

async function readSettings(
  options: GlobalOptions,
): Promise<{ readonly check: Check; readonly settings: ServerSettings | undefined }> {
  const { catalogue } = await import("../catalogue.ts");
  const title = "the settings can be used";
  const loaded = loadSettings(catalogue, { env: process.env, file: options.config });
  if (loaded.kind === "loaded") {
    return { check: { check: "settings", title, findings: [] }, settings: { catalogue, loaded } };
  }
  const findings = loaded.problems.map(
    ({ where, message }): Finding => ({
      severity: "error",
      code: "setting",
      message: `${where}: ${message}`,
      action: "correct it; rollcall config shows every setting once they can be read",
    }),
  );
  return { check: { check: "settings", title, findings }, settings: undefined };
}

/** The server's own view of the cluster; the token is checked on the way. */
async function* askServer(access: ServerAccess): AsyncGenerator<Check> {
  const title = "the server accepts the admin token";
  let status: ClusterStatus;
  try {
    status = await new AdminClient(access).json<ClusterStatus>("GET", "/status");
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    const { message } = error;
    if (error.exitCode === exitCodes.usage) {
      const action =
        "give the one of the running server: --token, ROLLCALL_ADMIN_TOKEN, or run where its data.dir is";
      yield found("token", title, "token-refused", firstLine(message), action);
      return;
    }
    const action = "ask again in seconds; the log of the server says more";
    yield found("server", "the server can say how it is", "status-unknown", firstLine(message), action);
    return;
  }
  yield { check: "token", title, findings: [] };
  yield* status.checks;
}

function found(check: string, title: string, code: string, message: string, action: string): Check {
  return { check, title, findings: [{ severity: "error", code, message, action }] };
}

/** Of a message for people: what is wrong, up to the first end of a line or `;`, and what to do. */
function refused(check: string, title: string, code: string, { message }: CliError): Check {
  const line = firstLine(message);
  const action = message
    .slice(line.length + 1)
    .trim()
    .replaceAll("\n", " ");
  return found(check, title, code, line, action === "" ? "see rollcall --help" : action);
}

function firstLine(message: string): string {
  const [line = ""] = message.split(/[\n;]/, 1);
  return line;
}
