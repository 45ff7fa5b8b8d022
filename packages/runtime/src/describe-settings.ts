import { environmentName, type LoadedSettings, type SettingOrigin } from "./load-settings.ts";
import type { Settings } from "./settings.ts";
import { describeSettingType, formatSettingValue } from "./settings-text.ts";

/** One setting as an operator sees it. Values are text as the environment would have it. */
export interface SettingDescription {
  readonly name: string;
  readonly variable: string;
  readonly type: string;
  readonly default: string;
  readonly unit: string | undefined;
  readonly doc: string;
  /** A secret that is set shows as `(hidden)`. */
  readonly value: string;
  readonly secret: boolean;
  readonly origin: SettingOrigin;
}

/** What every setting is, what its value is, and where that came from; in the order of declaration. */
export function describeSettings<S extends Settings>(
  settings: S,
  loaded: LoadedSettings<S>,
): readonly SettingDescription[] {
  const values: Readonly<Record<string, unknown>> = loaded.values;
  return Object.entries(settings).map(([name, setting]) => {
    const secret = setting.secret === true;
    const value = formatSettingValue(setting, values[name]);
    return {
      name,
      variable: environmentName(name),
      type: describeSettingType(setting),
      default: formatSettingValue(setting, setting.default),
      unit: setting.unit,
      doc: setting.doc,
      value: secret && value !== "" ? "(hidden)" : value,
      secret,
      origin: loaded.origins[name] ?? { kind: "default" },
    };
  });
}

/** The origin in a few words: `default`, `rollcall.yaml:3`, `ROLLCALL_DOMAINS`. */
export function formatOrigin(origin: SettingOrigin): string {
  switch (origin.kind) {
    case "default":
      return "default";
    case "file":
      return `${origin.file}:${origin.line}`;
    case "environment":
      return origin.variable;
  }
}
