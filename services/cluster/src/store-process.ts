import { join } from "node:path";
import { accountBucketProperties, DEFAULT_ACCOUNT_BUCKET } from "@rollcall/accounts";
import { createEmbeddedStore } from "@rollcall/all-in-one";
import { DEFAULT_OFFLINE_BUCKET, offlineBucketProperties } from "@rollcall/presence";
import { rosterBucketProperties } from "@rollcall/roster";
import { createHttpServer, type Service, serveMetrics } from "@rollcall/runtime";
import { CounterRegistry } from "@rollcall/telemetry";
import type { ClusterProcess, ProcessOptions } from "./process-parts.ts";
import type { StoreProcessSettings } from "./settings.ts";

/** The embedded store as a process of its own, where there is no Riak. One is all there can be. */
export function createStoreProcess(options: ProcessOptions<StoreProcessSettings>): ClusterProcess {
  const { settings, logger, health, processId, version } = options;
  const http = createHttpServer({ listen: settings["listen.http"], health, logger });
  serveMetrics(http, {
    settings,
    health,
    logger,
    registry: new CounterRegistry(),
    service: "rollcall-store",
    version,
    instanceId: processId,
  });
  const store = createEmbeddedStore({
    dir: join(settings["data.dir"], "riak"),
    listen: settings["listen.riak"],
    buckets: {
      [settings["roster.bucket"]]: rosterBucketProperties,
      [DEFAULT_ACCOUNT_BUCKET]: accountBucketProperties,
      [DEFAULT_OFFLINE_BUCKET]: offlineBucketProperties,
    },
    logger,
  });

  async function* parts(): AsyncGenerator<Service> {
    yield http;
    yield store.service;
  }

  return {
    services: parts(),
    addresses: () => ({ http: http.address, riak: store.address() }),
  };
}
