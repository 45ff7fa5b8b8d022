import { describeSettings, formatOrigin, type SettingDescription } from "@rollcall/runtime";
import type { Command } from "commander";
import { print } from "../output.ts";
import { type GlobalOptions, loadServerSettings } from "../server-access.ts";

/** `rollcall config` */
export function addConfigCommand(program: Command): void {
  program
    .command("config")
    .description("print every setting with its value and where that came from; needs no running server")
    .addHelpText(
      "after",
      `
Settings are read from defaults, from rollcall.yaml in this directory (or the file in ROLLCALL_CONFIG or --config),
and from the environment, which wins: listen.c2s is ROLLCALL_LISTEN_C2S.`,
    )
    .action(async (_options: unknown, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const { catalogue, loaded } = await loadServerSettings(options);
      const settings = describeSettings(catalogue, loaded);
      await print(
        options.json ? `${JSON.stringify(settings, null, 2)}\n` : settings.map(describe).join("\n"),
      );
    });
}

function describe(setting: SettingDescription): string {
  const show = (value: string) => (value === "" ? "(not set)" : value);
  const unit = setting.unit === undefined ? "" : `, in ${setting.unit}`;
  return [
    `${setting.name} = ${show(setting.value)}   (${formatOrigin(setting.origin)})`,
    `    ${setting.doc}`,
    `    ${setting.type}${unit}; default ${show(setting.default)}; ${setting.variable}`,
    "",
  ].join("\n");
}
