import { hostname } from "node:os";
import { startFailure } from "@rollcall/all-in-one";
import {
  createInstanceId,
  describeSettings,
  formatListen,
  formatSettingProblems,
  Health,
  loadSettings,
  runServices,
  type Settings,
  type SettingValues,
} from "@rollcall/runtime";
import { createLogger, isForPeople } from "@rollcall/telemetry";
import { createConnectionProcess } from "./connection-process.ts";
import { createPresenceProcess } from "./presence-process.ts";
import type { ClusterProcess, ProcessOptions } from "./process-parts.ts";
import { createRosterProcess } from "./roster-process.ts";
import {
  clusterSettings,
  connectionProcessSettings,
  presenceProcessSettings,
  rosterProcessSettings,
  storeProcessSettings,
} from "./settings.ts";
import { createStoreProcess } from "./store-process.ts";

const kinds = {
  connection: { settings: connectionProcessSettings, create: createConnectionProcess },
  roster: { settings: rosterProcessSettings, create: createRosterProcess },
  presence: { settings: presenceProcessSettings, create: createPresenceProcess },
  store: { settings: storeProcessSettings, create: createStoreProcess },
} as const;

export type ProcessKind = keyof typeof kinds;

export interface RunProcessOptions {
  readonly kind: ProcessKind;
  readonly version: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Settings file, over ROLLCALL_CONFIG and `rollcall.yaml`. */
  readonly file?: string | undefined;
}

/**
 * Runs one process of a cluster until a signal ends it.
 * @returns the exit code: 0 after a signal, 1 after a fault, 2 for settings that are wrong.
 */
export function runProcess(options: RunProcessOptions): Promise<number> {
  // Each kind goes with its own settings.
  const { settings, create } = kinds[options.kind] as {
    settings: Settings;
    create: (options: ProcessOptions<never>) => ClusterProcess;
  };
  return run(options, settings as typeof storeProcessSettings, create);
}

async function run(
  { kind, version, env, file }: RunProcessOptions,
  declared: typeof storeProcessSettings,
  create: (options: ProcessOptions<never>) => ClusterProcess,
): Promise<number> {
  const started = performance.now();
  const loaded = loadSettings(declared, { env, file, others: clusterSettings });
  if (loaded.kind === "invalid") {
    process.stderr.write(formatSettingProblems(loaded));
    return 2;
  }
  const settings: SettingValues<typeof storeProcessSettings> = loaded.values;
  const processId = createInstanceId(`${kind}-${hostname()}`);
  const logger = createLogger({
    level: settings["log.level"],
    name: `rollcall-${kind}`,
    format: settings["log.format"],
    jids: settings["log.jids"],
    jidsKey: settings["log.jids_key"],
  });
  const health = new Health();
  const parts = create({
    settings: settings as never,
    logger: logger.with({ process: processId }),
    health,
    processId,
    version,
    describeConfig: () => describeSettings(declared, loaded),
  });
  const code = await runServices({
    services: parts.services,
    health,
    logger,
    unreadyMs: settings["drain.unready_ms"],
    drainBudgetMs: settings["drain.budget_ms"],
    onStarted: () => {
      // Where others read the log every line is JSON; it has the addresses as well.
      if (!isForPeople(settings["log.format"])) return;
      const where = Object.entries(parts.addresses()).flatMap(([name, address]) =>
        address === undefined ? [] : [`${name} ${formatListen(address)}`],
      );
      const ms = Math.round(performance.now() - started);
      process.stdout.write(`Rollcall ${kind} has started after ${ms} ms: ${where.join(", ")}\n`);
    },
    onStartFailed: (service, error) => process.stderr.write(startFailure(service, error, settings)),
  });
  logger.flush();
  return code;
}
