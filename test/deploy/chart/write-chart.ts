/** `npm run chart`: writes what the Helm chart knows of settings, from their declarations. */
import { readFileSync, writeFileSync } from "node:fs";
import { chartFiles } from "./chart-files.ts";

for (const { path, text } of chartFiles((file) => readFileSync(file, "utf8"))) writeFileSync(path, text);
