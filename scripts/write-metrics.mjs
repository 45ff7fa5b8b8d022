/** `npm run metrics`: writes docs/metrics.md from the catalogue. */
import { writeFileSync } from "node:fs";
import { describeMetrics } from "@rollcall/telemetry";

writeFileSync(new URL("../docs/metrics.md", import.meta.url), describeMetrics());
