import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { readFileSettings } from "./file-settings.ts";
import { nearestName } from "./nearest-name.ts";
import type { Settings, SettingValues } from "./settings.ts";
import { parseSettingText, parseSettingValue } from "./settings-text.ts";

/** Where a value came from. */
export type SettingOrigin =
  | { readonly kind: "default" }
  | { readonly kind: "file"; readonly file: string; readonly line: number }
  | { readonly kind: "environment"; readonly variable: string };

export interface SettingsSource {
  /** Overrides ROLLCALL_CONFIG and `rollcall.yaml`. A file that was named must exist. */
  readonly file?: string | undefined;
  /** As `process.env` has it. A variable that is set to "" counts as not set. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where `rollcall.yaml` is looked for; the working directory by default. */
  readonly directory?: string | undefined;
  /**
   * Settings of other processes that share the file or the environment: they may be there, and are not looked at.
   * `any`: whatever else there is, somebody else has checked.
   */
  readonly others?: Settings | "any" | undefined;
}

/** One thing that is wrong, as a sentence that begins with where it is. */
export interface SettingProblem {
  readonly where: string;
  readonly message: string;
}

export interface LoadedSettings<S extends Settings> {
  readonly kind: "loaded";
  readonly values: SettingValues<S>;
  readonly origins: Readonly<Record<string, SettingOrigin>>;
  /** The file that was read. */
  readonly file: string | undefined;
}

export interface InvalidSettings {
  readonly kind: "invalid";
  readonly problems: readonly SettingProblem[];
}

/** Variables that are read elsewhere and are no settings. */
const otherVariables: ReadonlySet<string> = new Set(["ROLLCALL_CONFIG"]);

/**
 * Kubernetes puts the addresses of every Service into the environment of every pod; those of a Service called
 * `rollcall` look like settings (ROLLCALL_PORT_5222_TCP_ADDR) and are none.
 */
const serviceLink =
  /_SERVICE_HOST$|_SERVICE_PORT(_[A-Z0-9_]+)?$|_PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?$/;
const serviceLinkValue = /^(tcp|udp|sctp):\/\//;

/** The variable of a setting: `listen.c2s_tls` is ROLLCALL_LISTEN_C2S_TLS. */
export function environmentName(name: string): string {
  return `ROLLCALL_${name.toUpperCase().replace(/[^A-Z0-9]/g, "_")}`;
}

/**
 * Reads the settings from defaults, file and environment; the later wins. Values that do not fit, keys and
 * ROLLCALL_* variables that are no settings, and a file that cannot be read are problems, reported all
 * together.
 */
export function loadSettings<S extends Settings>(
  settings: S,
  source: SettingsSource,
): LoadedSettings<S> | InvalidSettings {
  const values: Record<string, unknown> = {};
  const origins: Record<string, SettingOrigin> = {};
  const problems: SettingProblem[] = [];
  for (const [name, setting] of Object.entries(settings)) {
    values[name] = setting.default;
    origins[name] = { kind: "default" };
  }
  const file = loadFile(settings, source, values, origins, problems);
  loadEnvironment(settings, source, values, origins, problems);
  if (problems.length > 0) return { kind: "invalid", problems };
  // The loop above has filled every name of S with a value that its setting accepted.
  return { kind: "loaded", values: values as SettingValues<S>, origins, file };
}

function loadFile(
  settings: Settings,
  source: SettingsSource,
  values: Record<string, unknown>,
  origins: Record<string, SettingOrigin>,
  problems: SettingProblem[],
): string | undefined {
  const fromEnvironment = source.env.ROLLCALL_CONFIG;
  const named = source.file ?? (fromEnvironment === "" ? undefined : fromEnvironment);
  const path = resolve(source.directory ?? ".", named ?? "rollcall.yaml");
  const shown = named ?? "rollcall.yaml";
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" && named === undefined) return undefined;
    const reason = code === "ENOENT" ? "there is no such file" : `cannot be read (${code})`;
    problems.push({ where: shown, message: reason });
    return undefined;
  }
  const names = Object.keys({ ...namedOthers(source), ...settings });
  const { entries, problems: syntaxProblems } = readFileSettings(text, new Set(names));
  for (const { line, message } of syntaxProblems) problems.push({ where: `${shown}:${line}`, message });
  for (const { name, line, raw } of entries) {
    const where = `${shown}:${line}`;
    const setting = Object.hasOwn(settings, name) ? settings[name] : undefined;
    if (setting === undefined) {
      if (source.others === "any" || isOf(source.others, name)) continue;
      problems.push({ where, message: unknown(`setting ${name}`, nearestName(name, names)) });
      continue;
    }
    const parsed = parseSettingValue(setting, raw);
    if (parsed.kind === "wrong") problems.push({ where, message: `${name} must be ${parsed.expected}` });
    else {
      values[name] = parsed.value;
      origins[name] = { kind: "file", file: path, line };
    }
  }
  return path;
}

function loadEnvironment(
  settings: Settings,
  source: SettingsSource,
  values: Record<string, unknown>,
  origins: Record<string, SettingOrigin>,
  problems: SettingProblem[],
): void {
  const known = Object.keys({ ...namedOthers(source), ...settings });
  const names = new Map(known.map((name) => [environmentName(name), name]));
  for (const [variable, text] of Object.entries(source.env)) {
    if (!variable.startsWith("ROLLCALL_") || text === undefined || text === "") continue;
    const name = names.get(variable);
    if (name === undefined) {
      if (source.others === "any") continue;
      if (otherVariables.has(variable) || serviceLink.test(variable) || serviceLinkValue.test(text)) continue;
      problems.push({ where: variable, message: unknown("variable", nearestName(variable, names.keys())) });
      continue;
    }
    const setting = settings[name];
    if (setting === undefined) continue;
    const parsed = parseSettingText(setting, text);
    if (parsed.kind === "wrong") problems.push({ where: variable, message: `must be ${parsed.expected}` });
    else {
      values[name] = parsed.value;
      origins[name] = { kind: "environment", variable };
    }
  }
}

function namedOthers({ others }: SettingsSource): Settings | undefined {
  return others === "any" ? undefined : others;
}

function isOf(settings: Settings | undefined, name: string): boolean {
  return settings !== undefined && Object.hasOwn(settings, name);
}

function unknown(what: string, nearest: string | undefined): string {
  return `unknown ${what}${nearest === undefined ? "" : `; did you mean ${nearest}?`}`;
}

/** The problems for standard error, a line each. */
export function formatSettingProblems({ problems }: InvalidSettings): string {
  return problems.map(({ where, message }) => `${where}: ${message}\n`).join("");
}
