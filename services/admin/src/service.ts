import type { AccountStore } from "@rollcall/accounts";
import type { Bus } from "@rollcall/bus";
import type { Control } from "@rollcall/control";
import type { Clock, HttpServer, Service, SettingDescription, SettingValues } from "@rollcall/runtime";
import type { CounterRegistry, Logger } from "@rollcall/telemetry";
import { type BareJid, prepareDomain } from "@rollcall/xmpp";
import type { FastifyInstance } from "fastify";
import { AccountAdmin } from "./accounts/account-admin.ts";
import { RosterAdmin } from "./accounts/roster-admin.ts";
import { createTokenCheck, loadAdminToken } from "./admin-token.ts";
import { authorise } from "./authorise.ts";
import type { adminSettings } from "./config.ts";
import { AdminCounters } from "./counters.ts";
import type { ImportContext } from "./import/import-reply.ts";
import { refusalOfFault, sendRefusal } from "./refusal.ts";
import { registerControlRoutes } from "./routes/control-routes.ts";
import { registerDiagnosisRoutes } from "./routes/diagnosis-routes.ts";
import { registerRosterRoutes } from "./routes/roster-routes.ts";
import { registerServerRoutes } from "./routes/server-routes.ts";
import { registerStatusRoutes } from "./routes/status-routes.ts";
import { registerUserRoutes } from "./routes/user-routes.ts";

export interface AdminDeps {
  readonly settings: SettingValues<typeof adminSettings>;
  readonly accounts: AccountStore;
  readonly bus: Pick<Bus, "request">;
  /** Asks every process. */
  readonly control: Pick<Control, "ask">;
  /** Gets the routes when the service is created, so before it is started itself. */
  readonly http: HttpServer;
  /** Where `admin-token` is kept. */
  readonly dataDir: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** What `/admin/v1/counters` shows; the service adds its own as `admin`. */
  readonly counterRegistry: CounterRegistry;
  /** What `/admin/v1/config` shows. */
  readonly describeConfig: () => readonly SettingDescription[];
  /** Deletes the messages that wait for an account; with none there it does nothing. */
  readonly removeOfflineMessages: (jid: BareJid) => Promise<void>;
}

/**
 * The HTTP interface of operators, below `/admin/v1`, behind a bearer token. Writes accounts itself; rosters and
 * sessions it asks their owners for.
 * @throws {Error} when one of the domains is none.
 */
export function createAdminService(deps: AdminDeps): Service {
  const { accounts, bus, clock, http, settings } = deps;
  const logger = deps.logger.with({ service: "admin" });
  const domains = new Set(settings.domains.map(canonicalDomain));
  const counters = new AdminCounters();
  deps.counterRegistry.add("admin", counters);

  const stopping = new AbortController();
  const underWay = new Set<object>();
  let idle: (() => void) | undefined;
  let tokenCheck: ((header: string | undefined) => boolean) | undefined;

  const imports: ImportContext = {
    clock,
    concurrency: settings["admin.import_concurrency"],
    counters,
    lineBytes: settings["admin.import_line_bytes"],
    logger,
    stopping: stopping.signal,
  };
  const admin = new AccountAdmin({
    accounts,
    bus,
    clock,
    counters,
    iterations: settings["auth.scram_iterations"],
    logger,
    removeOfflineMessages: deps.removeOfflineMessages,
  });
  const rosters = new RosterAdmin({ accounts, bus });

  const routes = async (scope: FastifyInstance): Promise<void> => {
    authorise(scope, { check: () => tokenCheck, clock, counters, logger });
    scope.addHook("onRequest", async (request, reply) => {
      if (stopping.signal.aborted) {
        return sendRefusal(reply, { kind: "refused", reason: "stopping", message: "the server is stopping" });
      }
      underWay.add(request);
      reply.raw.once("close", () => {
        underWay.delete(request);
        if (underWay.size === 0) idle?.();
      });
    });
    scope.setErrorHandler((fault, _request, reply) => {
      const refusal = refusalOfFault(fault);
      if (refusal === undefined) throw fault;
      logger.warn({ event: "admin.unavailable", error: fault });
      return sendRefusal(reply, refusal);
    });
    registerUserRoutes(scope, { accounts, admin, domains, imports });
    registerRosterRoutes(scope, { accounts, rosters, domains, imports });
    registerControlRoutes(scope, { control: deps.control, domains });
    registerStatusRoutes(scope, { control: deps.control, clock });
    registerDiagnosisRoutes(scope, { accounts, bus, control: deps.control, domains });
    registerServerRoutes(scope, {
      bus,
      counterRegistry: deps.counterRegistry,
      describeConfig: deps.describeConfig,
      domains,
    });
  };
  http.register((scope) => void scope.register(routes, { prefix: "/admin/v1" }));

  return {
    name: "admin",
    async start() {
      const configured = settings["admin.token"];
      tokenCheck = createTokenCheck(await loadAdminToken({ configured, dataDir: deps.dataDir, logger }));
    },
    notReady: () => (tokenCheck === undefined ? ["has no token yet"] : []),
    /** Imports end after the lines that they work on, with a report that says so; other requests are finished. */
    async drain() {
      stopping.abort();
      if (underWay.size === 0) return;
      await new Promise<void>((resolve) => {
        idle = resolve;
      });
    },
    async stop() {
      stopping.abort();
    },
  };
}

function canonicalDomain(domain: string): string {
  const canonical = prepareDomain(domain);
  if (canonical === undefined)
    throw new Error(`the setting domains has ${JSON.stringify(domain)}, which is no domain`);
  return canonical;
}
