/** Names of events and settings in texts for operators. */
import { clusterSettings } from "@rollcall/cluster";
import { events } from "@rollcall/telemetry";

const known = new Set([...Object.keys(events), ...Object.keys(clusterSettings)]);
const areas = new Set([...known].map((name) => name.split(".")[0]));

/** Words of a text, in backquotes, that look like an event or a setting (`nats.stale`, `tls.cert`) and are none. */
export function unknownNames(text: string): string[] {
  return [...text.matchAll(/`([a-z-]+)\.([a-z_.-]+)`/g)]
    .filter(([, area = "", rest = ""]) => areas.has(area) && !["json", "yaml"].includes(rest))
    .map(([, area, rest]) => `${area}.${rest}`)
    .filter((name) => !known.has(name));
}
