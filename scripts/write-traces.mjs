/** `npm run traces`: writes docs/traces.md from the catalogue. */
import { writeFileSync } from "node:fs";
import { describeTraces } from "@rollcall/telemetry";

writeFileSync(new URL("../docs/traces.md", import.meta.url), describeTraces());
