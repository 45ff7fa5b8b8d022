import type { Bus } from "@rollcall/bus";
import { channels } from "@rollcall/contracts";
import type { SettingDescription } from "@rollcall/runtime";
import type { CounterRegistry } from "@rollcall/telemetry";
import type { FastifyInstance } from "fastify";
import { parseAccountJid } from "../account-jid.ts";
import { sendRefusal } from "../refusal.ts";
import type { AccountRoute } from "./account-route.ts";

export interface ServerRoutesDeps {
  readonly bus: Pick<Bus, "request">;
  readonly counterRegistry: CounterRegistry;
  readonly describeConfig: () => readonly SettingDescription[];
  readonly domains: ReadonlySet<string>;
}

/** What is going on: the sessions of an account, the settings in effect, the counters. */
export function registerServerRoutes(scope: FastifyInstance, deps: ServerRoutesDeps): void {
  scope.get<AccountRoute>("/users/:jid/sessions", async (request, reply) => {
    const account = parseAccountJid(request.params.jid, deps.domains);
    if (account.kind === "refused") return sendRefusal(reply, account);
    const { sessions } = await deps.bus.request(channels.presenceAdmin, account.jid, { kind: "sessions" });
    return reply.send({ jid: account.jid, sessions });
  });

  scope.get("/config", (_request, reply) => reply.send({ settings: deps.describeConfig() }));

  scope.get("/counters", (_request, reply) => reply.send(deps.counterRegistry.read()));
}
