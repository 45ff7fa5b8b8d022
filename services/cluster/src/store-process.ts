import { join } from "node:path";
import { createEmbeddedStore } from "@rollcall/all-in-one";
import { createHttpServer, type Service, serveMetrics } from "@rollcall/runtime";
import { CounterRegistry } from "@rollcall/telemetry";
import { bucketsOf } from "./apply-buckets.ts";
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
    buckets: bucketsOf(settings),
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
