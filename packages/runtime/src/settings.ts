/**
 * Settings, declared once with type, default, unit and sentence. A service lists its own in `config.ts`:
 *
 *   export const settings = {
 *     "limits.stanza_bytes": setting.integer({ default: 262_144, min: 10_000, unit: "bytes", doc: "…" }),
 *   };
 *
 * `limits.stanza_bytes` is `limits: { stanza_bytes: … }` in `rollcall.yaml` and ROLLCALL_LIMITS_STANZA_BYTES in the
 * environment, which wins.
 */

/** host:port to listen on; `undefined` where the setting says `off`. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

interface Common<T> {
  readonly default: T;
  /** One sentence for `rollcall config` and the docs. */
  readonly doc: string;
  readonly unit?: string;
  /** Never printed. */
  readonly secret?: boolean;
}

export type Setting<T> = Common<T> & {
  readonly type: "string" | "integer" | "number" | "boolean" | "list" | "listen" | "choice";
  readonly min?: number;
  readonly max?: number;
  readonly choices?: readonly string[];
  /** Carries the type of the value. */
  readonly value?: T;
};

export const setting = {
  string: (options: Common<string>): Setting<string> => ({ type: "string", ...options }),
  optionalString: (options: Omit<Common<undefined>, "default">): Setting<string | undefined> => ({
    type: "string",
    default: undefined,
    ...options,
  }),
  integer: (options: Common<number> & { min?: number; max?: number }): Setting<number> => ({
    type: "integer",
    ...options,
  }),
  /** With fractions. */
  number: (options: Common<number> & { min?: number; max?: number }): Setting<number> => ({
    type: "number",
    ...options,
  }),
  boolean: (options: Common<boolean>): Setting<boolean> => ({ type: "boolean", ...options }),
  /** Comma-separated in the environment, a list in the file. */
  list: (options: Common<readonly string[]>): Setting<readonly string[]> => ({ type: "list", ...options }),
  /** `host:port`, `[v6]:port` or `off`. */
  listen: (options: Common<ListenAddress | undefined>): Setting<ListenAddress | undefined> => ({
    type: "listen",
    ...options,
  }),
  choice: <const C extends string>(options: Common<C> & { readonly choices: readonly C[] }): Setting<C> => ({
    type: "choice",
    ...options,
  }),
} as const;

export type Settings = Readonly<Record<string, Setting<unknown>>>;

/** The values of a list of settings, by name. */
export type SettingValues<S extends Readonly<Record<string, unknown>>> = {
  readonly [K in keyof S]: S[K] extends Setting<infer T> ? T : never;
};
