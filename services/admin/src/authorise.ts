import type { Clock } from "@rollcall/runtime";
import type { Logger } from "@rollcall/telemetry";
import type { FastifyInstance } from "fastify";
import type { AdminCounters } from "./counters.ts";

export interface AuthoriseOptions {
  /** Whether an `Authorization` header is right; `undefined` before the service has started. */
  readonly check: () => ((header: string | undefined) => boolean) | undefined;
  readonly clock: Clock;
  readonly counters: AdminCounters;
  readonly logger: Logger;
}

/** Somebody who tries tokens must not fill the log. */
const logEveryMs = 10_000;

/** Lets nothing in the scope be done without the token. */
export function authorise(scope: FastifyInstance, options: AuthoriseOptions): void {
  const { clock, counters, logger } = options;
  let loggedAt = Number.NEGATIVE_INFINITY;
  scope.addHook("onRequest", async (request, reply) => {
    counters.requests++;
    const check = options.check();
    if (check === undefined) {
      return reply
        .code(503)
        .header("retry-after", "1")
        .send({ error: "unavailable", message: "the server is starting" });
    }
    if (check(request.headers.authorization)) return;
    counters.unauthorisedRequests++;
    if (clock.now() - loggedAt >= logEveryMs) {
      loggedAt = clock.now();
      logger.warn({
        event: "admin.unauthorised",
        address: request.ip,
        refused: counters.unauthorisedRequests,
      });
    }
    return reply.code(401).header("www-authenticate", 'Bearer realm="rollcall"').send({
      error: "unauthorised",
      message: "the admin token is missing or wrong; it is the setting admin.token or the file admin-token",
    });
  });
}
