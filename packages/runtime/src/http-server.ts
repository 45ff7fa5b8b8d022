import type { AddressInfo } from "node:net";
import type { Logger } from "@rollcall/telemetry";
import { type FastifyError, type FastifyInstance, fastify } from "fastify";
import type { Health, HealthReason } from "./health.ts";
import type { Service } from "./service.ts";
import type { ListenAddress } from "./settings.ts";

export interface HttpServerOptions {
  /** `undefined` opens no port; routes may still be registered. */
  readonly listen: ListenAddress | undefined;
  readonly health: Health;
  readonly logger: Logger;
  /** Bodies that are read as a whole may have this many bytes; a route that streams sets its own bounds. */
  readonly bodyBytes?: number | undefined;
}

/** Adds routes, in a scope of its own: hooks and parsers that it adds apply to its routes only. */
export type HttpPlugin = (scope: FastifyInstance) => Promise<void> | void;

export interface HttpServer extends Service {
  /** Before `start` only. */
  register(plugin: HttpPlugin): void;
  /** Where it listens, once started. Port 0 in `listen` becomes the one that was free. */
  readonly address: ListenAddress | undefined;
}

/** Milliseconds that a connection may be silent; an upload that stands still ends here, a slow one does not. */
const idleMs = 60_000;
/** Milliseconds for the header of a request. */
const headersMs = 10_000;
const connectionLimit = 1_000;
/** A bare JID in a path, each byte percent-encoded (RFC 7622: 1023 bytes a part). */
const parameterLength = 2 * 1023 * 3 + 3;

/**
 * The HTTP server of a process: `/livez`, `/readyz` and `/startupz`, and whatever services register. A probe
 * answers 200, or 503 with the reasons, in the form
 * `{"status": "not ready", "reasons": [{"service": "roster", "reason": "…"}]}`.
 *
 * Errors are `{"error": "code", "message": "…"}`; what a fault says stays in the log. It goes on answering
 * while other services drain, so that probes are told; `stop` ends every connection.
 */
export function createHttpServer(options: HttpServerOptions): HttpServer {
  const { health, listen, logger } = options;
  const app = fastify({
    bodyLimit: options.bodyBytes ?? 1024 * 1024,
    connectionTimeout: idleMs,
    keepAliveTimeout: 5_000,
    forceCloseConnections: true,
    routerOptions: { maxParamLength: parameterLength },
    http: { headersTimeout: headersMs },
  });
  app.server.maxConnections = connectionLimit;
  app.setNotFoundHandler((request, reply) =>
    reply.code(404).send({ error: "no-such-route", message: `there is no ${request.method} ${request.url}` }),
  );
  app.setErrorHandler((error: FastifyError, request, reply) => {
    const status = error.statusCode ?? 500;
    if (status < 500) return reply.code(status).send({ error: "bad-request", message: error.message });
    logger.error({ event: "http.fault", method: request.method, route: request.routeOptions.url, error });
    return reply.code(500).send({ error: "fault", message: "the request failed; the log says why" });
  });

  const probe = (path: string, yes: string, no: string, ask: () => readonly HealthReason[]): void => {
    app.get(path, (_request, reply) => {
      const reasons = ask();
      if (reasons.length === 0) return reply.send({ status: yes, reasons });
      return reply.code(503).send({ status: no, reasons });
    });
  };
  probe("/livez", "live", "not live", () => health.notLive());
  probe("/readyz", "ready", "not ready", () => health.notReady());
  probe("/startupz", "started", "not started", () => health.notStarted());

  let address: ListenAddress | undefined;
  return {
    name: "http",
    get address() {
      return address;
    },
    register(plugin) {
      app.register(async (scope) => {
        await plugin(scope);
      });
    },
    async start() {
      if (listen === undefined) {
        await app.ready();
        return;
      }
      await app.listen({ host: listen.host, port: listen.port });
      address = { host: listen.host, port: (app.server.address() as AddressInfo).port };
      logger.info({ event: "http.listening", host: address.host, port: address.port });
    },
    notReady: () => [],
    async drain() {},
    async stop() {
      await app.close();
      address = undefined;
    },
  };
}
