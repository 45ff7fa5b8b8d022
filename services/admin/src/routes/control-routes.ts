import { MAX_FOR_MS } from "@rollcall/contracts";
import type { Control, Gathered } from "@rollcall/control";
import { parseJid } from "@rollcall/xmpp";
import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { parseAccountJid } from "../account-jid.ts";
import { sendRefusal } from "../refusal.ts";
import { describeIssue } from "../zod-issue.ts";

export interface ControlRoutesDeps {
  readonly control: Pick<Control, "ask">;
  /** In canonical form. */
  readonly domains: ReadonlySet<string>;
}

const processes = z.array(z.string().min(1).max(128)).min(1).max(256);

const traceBody = z.strictObject({
  jid: z.string(),
  forMs: z.number().int().min(0).max(MAX_FOR_MS),
});

const logLevelBody = z.strictObject({
  level: z.enum(["debug", "info", "warn", "error", "silent"]),
  forMs: z.number().int().min(1).max(MAX_FOR_MS).optional(),
  area: z.string().min(1).max(64).optional(),
  processes: processes.optional(),
});

/** What operators switch on for a while in running processes: `/trace` and `/log-level`. */
export function registerControlRoutes(scope: FastifyInstance, { control, domains }: ControlRoutesDeps): void {
  scope.post("/trace", async (request, reply) => {
    const body = traceBody.safeParse(request.body);
    if (!body.success) {
      const message = describeIssue(body.error);
      return sendRefusal(reply, { kind: "refused", reason: "bad-request", message });
    }
    const { jid, forMs } = body.data;
    // A full JID names one session.
    const resource = parseJid(jid)?.resource ?? "";
    const account = parseAccountJid(resource === "" ? jid : jid.slice(0, jid.indexOf("/")), domains);
    if (account.kind === "refused") return sendRefusal(reply, account);
    const gathered = await control.ask({
      kind: "trace",
      account: account.jid,
      forMs,
      ...(resource === "" ? {} : { resource }),
    });
    return reply.send({
      jid: resource === "" ? account.jid : `${account.jid}/${resource}`,
      ...summary(gathered),
    });
  });

  scope.post("/log-level", async (request, reply) => {
    const body = logLevelBody.safeParse(request.body);
    if (!body.success) {
      const message = describeIssue(body.error);
      return sendRefusal(reply, { kind: "refused", reason: "bad-request", message });
    }
    const { area, level, forMs, processes: to } = body.data;
    const gathered = await control.ask(
      {
        kind: "log-level",
        level,
        ...(area === undefined ? {} : { area }),
        ...(forMs === undefined ? {} : { forMs }),
      },
      to === undefined ? {} : { to },
    );
    const named = to?.filter(
      (name) => !gathered.answers.some(({ process }) => process.id === name || process.kind === name),
    );
    const missing = [...new Set([...gathered.missing, ...(named ?? [])])].sort();
    return reply.send({ level, ...summary({ ...gathered, missing }) });
  });
}

/** What each process made of it, in the form of the interface. */
function summary(gathered: Gathered<object>): object {
  return {
    processes: gathered.answers.map(({ process: { id, kind, version }, outcome }) => ({
      process: id,
      kind,
      version,
      ...(outcome.kind === "answered"
        ? { result: "done", ...outcome.answer }
        : { result: outcome.kind, ...(outcome.kind === "failed" ? { message: outcome.message } : {}) }),
    })),
    missing: gathered.missing,
  };
}
