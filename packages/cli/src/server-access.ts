import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  formatSettingProblems,
  type ListenAddress,
  type LoadedSettings,
  loadSettings,
} from "@rollcall/runtime";
import type { Catalogue } from "./catalogue.ts";
import { CliError, exitCodes } from "./exit-codes.ts";

/** The options that every command takes. */
export interface GlobalOptions {
  readonly url?: string;
  readonly token?: string;
  readonly config?: string;
  readonly json?: boolean;
}

/** Where the admin interface is, and what opens it. */
export interface ServerAccess {
  readonly url: URL;
  readonly token: string;
}

export interface ServerSettings {
  readonly catalogue: Catalogue;
  readonly loaded: LoadedSettings<Catalogue>;
}

/** The settings of the server, read as the server reads them. @throws {CliError} with all problems. */
export async function loadServerSettings(options: GlobalOptions): Promise<ServerSettings> {
  // Brings the services with it, which take longer to load than `--help` should.
  const { catalogue } = await import("./catalogue.ts");
  const loaded = loadSettings(catalogue, { env: process.env, file: options.config });
  if (loaded.kind === "loaded") return { catalogue, loaded };
  const count = loaded.problems.length === 1 ? "a setting is" : `${loaded.problems.length} settings are`;
  throw new CliError(exitCodes.usage, `${count} wrong\n${formatSettingProblems(loaded).trimEnd()}`);
}

/**
 * Finds the server: by `--url` and `--token`, else by its settings, with the token of `admin.token` or of the file
 * that the server made. @throws {CliError}
 */
export async function findServer(options: GlobalOptions): Promise<ServerAccess> {
  if (options.url !== undefined && options.token !== undefined) {
    return { url: parseUrl(options.url), token: options.token };
  }
  const { values } = (await loadServerSettings(options)).loaded;
  const url = await findUrl(options);
  return { url, token: options.token ?? values["admin.token"] ?? readToken(values["data.dir"]) };
}

/** Where the server is, whatever its token. @throws {CliError} */
export async function findUrl(options: GlobalOptions): Promise<URL> {
  if (options.url !== undefined) return parseUrl(options.url);
  return urlOf((await loadServerSettings(options)).loaded.values["listen.http"]);
}

export function urlOf(listen: ListenAddress | undefined): URL {
  if (listen === undefined) {
    throw new CliError(
      exitCodes.usage,
      "listen.http is off, so there is no admin interface; give --url or set it",
    );
  }
  const { host, port } = listen;
  if (host === "0.0.0.0" || host === "::") return new URL(`http://localhost:${port}`);
  return new URL(`http://${host.includes(":") ? `[${host}]` : host}:${port}`);
}

function parseUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === "http:" || url?.protocol === "https:") return url;
  throw new CliError(exitCodes.usage, `--url ${text} is not a URL; write one like http://127.0.0.1:8080`);
}

function readToken(dataDir: string): string {
  const path = join(dataDir, "admin-token");
  try {
    const token = readFileSync(path, "utf8").trim();
    if (token !== "") return token;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "ENOENT" && code !== "ENOTDIR") {
      throw new CliError(
        exitCodes.usage,
        `cannot read the admin token in ${path} (${code}); run as the user of the server`,
      );
    }
  }
  throw new CliError(
    exitCodes.usage,
    `no admin token in ${path}; start the server once, run this in the server's directory, ` +
      "or give the token by ROLLCALL_ADMIN_TOKEN or --token",
  );
}
