import { setting } from "./settings.ts";

/** Settings of the store that comes with a process of its own machine. */
export const embeddedStoreSettings = {
  "listen.riak": setting.listen({
    default: { host: "127.0.0.1", port: 8098 },
    doc: "Address for Riak's HTTP API of the embedded store; it asks for no password.",
  }),
} as const;
