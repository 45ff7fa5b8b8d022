/** `npm run logs`: writes docs/logs.md from the catalogue. */
import { writeFileSync } from "node:fs";
import { describeLogs } from "@rollcall/telemetry";

writeFileSync(new URL("../docs/logs.md", import.meta.url), describeLogs());
