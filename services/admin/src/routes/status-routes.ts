import type { Control } from "@rollcall/control";
import type { Clock } from "@rollcall/runtime";
import type { FastifyInstance } from "fastify";
import { clusterStatus } from "../diagnosis/cluster-status.ts";

export interface StatusRoutesDeps {
  readonly control: Pick<Control, "ask">;
  readonly clock: Clock;
}

/** `/status`: how every process is, and what is wrong. */
export function registerStatusRoutes(scope: FastifyInstance, { control, clock }: StatusRoutesDeps): void {
  scope.get("/status", async (_request, reply) => {
    const gathered = await control.ask({ kind: "status" });
    return reply.send(clusterStatus(gathered, clock.now()));
  });
}
