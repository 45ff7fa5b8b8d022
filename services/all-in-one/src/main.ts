#!/usr/bin/env node
/** Process entry of the all-in-one server: settings, parts, run. */
import { readFileSync } from "node:fs";
import { describeSettings, formatSettingProblems, loadSettings, runServices } from "@rollcall/runtime";
import { createLogger } from "@rollcall/telemetry";
import { createAllInOne } from "./create-all-in-one.ts";
import { greeting } from "./greeting.ts";
import { allInOneSettings } from "./settings.ts";
import { startFailure } from "./start-failure.ts";

const usage = `Usage: npm start, or node services/all-in-one/dist/main.js

Runs the whole server in one process. Settings come from rollcall.yaml in the working directory (or the file that
ROLLCALL_CONFIG names) and from ROLLCALL_… in the environment; npx rollcall config lists them all.
`;

async function main(): Promise<number> {
  const started = performance.now();
  if (process.argv.length > 2) {
    const help = ["--help", "-h"].includes(process.argv[2] ?? "");
    (help ? process.stdout : process.stderr).write(usage);
    return help ? 0 : 2;
  }
  const loaded = loadSettings(allInOneSettings, { env: process.env });
  if (loaded.kind === "invalid") {
    process.stderr.write(formatSettingProblems(loaded));
    return 2;
  }
  const settings = loaded.values;
  const logger = createLogger({
    level: settings["log.level"],
    name: "rollcall",
    format: settings["log.format"],
    jids: settings["log.jids"],
    jidsKey: settings["log.jids_key"],
  });
  const manifest = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
    version: string;
  };
  const server = createAllInOne({
    settings,
    logger,
    describeConfig: () => describeSettings(allInOneSettings, loaded),
    version: manifest.version,
  });
  const code = await runServices({
    services: server.services,
    health: server.health,
    logger,
    unreadyMs: settings["drain.unready_ms"],
    drainBudgetMs: settings["drain.budget_ms"],
    onStarted: () => process.stdout.write(greeting(server, settings, performance.now() - started)),
    onStartFailed: (service, error) => process.stderr.write(startFailure(service, error, settings)),
  });
  logger.flush();
  return code;
}

process.exitCode = await main();
