/** What the Helm chart knows of settings, made from their declarations. Pure. */
import {
  environmentName,
  formatListen,
  type ListenAddress,
  type Setting,
  type Settings,
} from "@rollcall/runtime";

/** The settings that each kind of process reads. */
export type SettingsByProcess = Readonly<Record<string, Settings>>;

/** One entry of `files/settings.json`: templates know by it which process is told what, and how. */
export interface ChartSetting {
  readonly variable: string;
  readonly processes: readonly string[];
  readonly secret: boolean;
}

type JsonSchema = Readonly<Record<string, unknown>>;

/** All settings by name, in order of the names. */
export function chartSettings(byProcess: SettingsByProcess): Readonly<Record<string, ChartSetting>> {
  return Object.fromEntries(
    declared(byProcess).map(([name, setting]) => [
      name,
      {
        variable: environmentName(name),
        processes: Object.keys(byProcess).filter((process) => Object.hasOwn(byProcess[process] ?? {}, name)),
        secret: setting.secret === true,
      },
    ]),
  );
}

/** The schemas of `settings` and `secrets` in the values of the chart. */
export function settingSchemas(byProcess: SettingsByProcess): {
  readonly settings: JsonSchema;
  readonly secrets: JsonSchema;
} {
  const all = declared(byProcess);
  const map = (entries: readonly (readonly [string, JsonSchema])[]): JsonSchema => ({
    type: "object",
    additionalProperties: false,
    properties: Object.fromEntries(entries),
  });
  return {
    settings: map(
      all
        .filter(([, setting]) => setting.secret !== true)
        .map(([name, setting]) => [name, schemaOf(setting)] as const),
    ),
    secrets: map(
      all
        .filter(([, setting]) => setting.secret === true)
        .map(([name, { doc }]) => [name, { description: doc, $ref: "#/$defs/secretKey" }] as const),
    ),
  };
}

function declared(byProcess: SettingsByProcess): (readonly [string, Setting<unknown>])[] {
  const all: Settings = Object.assign({}, ...Object.values(byProcess));
  return Object.entries(all).sort(([one], [other]) => (one < other ? -1 : 1));
}

/** `null` takes a value of values.yaml away again, so that the process has its own default. */
function schemaOf(setting: Setting<unknown>): JsonSchema {
  const unit = setting.unit === undefined ? "" : ` In ${setting.unit}.`;
  const common = { description: `${setting.doc}${unit}`, ...defaultOf(setting) };
  switch (setting.type) {
    case "string":
      return { ...common, type: ["string", "null"] };
    case "integer":
    case "number":
      return {
        ...common,
        type: [setting.type, "null"],
        ...(setting.min === undefined ? {} : { minimum: setting.min }),
        ...(setting.max === undefined ? {} : { maximum: setting.max }),
      };
    case "boolean":
      return { ...common, type: ["boolean", "null"] };
    case "list":
      // A comma would make two of one.
      return { ...common, type: ["array", "null"], items: { type: "string", pattern: "^[^,]+$" } };
    case "listen":
      return { ...common, type: ["string", "null"], pattern: "^(off|.+:[0-9]{1,5})$" };
    case "choice":
      return { ...common, enum: [...(setting.choices ?? []), null] };
  }
}

function defaultOf(setting: Setting<unknown>): JsonSchema {
  if (setting.default === undefined && setting.type !== "listen") return {};
  return {
    default:
      setting.type === "listen"
        ? formatListen(setting.default as ListenAddress | undefined)
        : setting.default,
  };
}
