import { type SettingValues, setting } from "@rollcall/runtime";

/** Settings of every process that keeps something in Riak. */
export const riakSettings = {
  "riak.hosts": setting.list({
    default: ["127.0.0.1:8098"],
    doc: "HTTP addresses of the Riak nodes, as host:port, or of a balancer before them.",
  }),
  "riak.connections": setting.integer({
    default: 16,
    min: 1,
    max: 1_024,
    doc: "Connections of one process to each Riak node.",
  }),
} as const;

export type RiakSettings = SettingValues<typeof riakSettings>;

/** The nodes as URLs; a scheme may be given, and is http otherwise. */
export function hostUrls(settings: Pick<RiakSettings, "riak.hosts">): readonly string[] {
  return settings["riak.hosts"].map((host) => (host.includes("://") ? host : `http://${host}`));
}
