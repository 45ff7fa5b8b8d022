import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { settingsByProcess } from "@rollcall/cluster";
import { chartSettings, settingSchemas } from "./chart-settings.ts";

/** Of the checkout; compiled tests run from test/dist/deploy/chart. */
export const root = fileURLToPath(new URL("../../../../", import.meta.url));
export const chart = join(root, "deploy/helm/rollcall");

/** The files of the chart that are made from the code, or have a part that is, as they should be. */
export function chartFiles(
  read: (path: string) => string,
): { readonly path: string; readonly text: string }[] {
  const schemaFile = join(chart, "values.schema.json");
  const schema = JSON.parse(read(schemaFile)) as { $defs: Record<string, unknown> };
  Object.assign(schema.$defs, settingSchemas(settingsByProcess));
  return [
    { path: schemaFile, text: json(schema) },
    { path: join(chart, "files/settings.json"), text: json(chartSettings(settingsByProcess)) },
  ];
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** The text of a file of the project. */
export function read(path: string): string {
  return readFileSync(join(root, path), "utf8");
}
