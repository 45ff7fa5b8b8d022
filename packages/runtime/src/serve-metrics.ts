import { createMetrics, type MetricsOptions } from "@rollcall/telemetry";
import type { HttpServer } from "./http-server.ts";

/** Serves the metrics of the process at `/metrics`, for as long as the server runs. To be called before it starts. */
export function serveMetrics(http: Pick<HttpServer, "register">, options: MetricsOptions): void {
  http.register((scope) => {
    const metrics = createMetrics(options);
    scope.addHook("onClose", () => metrics.stop());
    scope.get("/metrics", async (_request, reply) => {
      const text = await metrics.read();
      return reply.type(metrics.contentType).send(text);
    });
  });
}
