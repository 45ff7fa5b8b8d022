/** `npm run dashboards`: writes deploy/observability/dashboards from the descriptions in scripts/dashboards. */
import { writeFileSync } from "node:fs";
import { dashboards } from "./dashboards/index.mjs";

const folder = new URL("../deploy/observability/dashboards/", import.meta.url);
for (const [file, dashboard] of Object.entries(dashboards))
  writeFileSync(new URL(file, folder), `${JSON.stringify(dashboard, undefined, 2)}\n`);
