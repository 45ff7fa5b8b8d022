import type { AccountStore } from "@rollcall/accounts";
import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { parseAccountJid } from "../account-jid.ts";
import type { AccountAdmin } from "../accounts/account-admin.ts";
import { existingAccounts } from "../accounts/existing-accounts.ts";
import { preparePassword } from "../accounts/password-keys.ts";
import { type ImportContext, replyWithImport } from "../import/import-reply.ts";
import { parseUserLine } from "../import/user-line.ts";
import { sendLines } from "../ndjson/write-lines.ts";
import { sendRefusal } from "../refusal.ts";
import { describeIssue } from "../zod-issue.ts";
import type { AccountRoute } from "./account-route.ts";
import { acceptAnyStream } from "./any-stream.ts";

export interface UserRoutesDeps {
  readonly accounts: AccountStore;
  readonly admin: AccountAdmin;
  readonly domains: ReadonlySet<string>;
  readonly imports: ImportContext;
}

const passwordSchema = z.strictObject({ password: z.string() });

/** `/users`: create, list, import, change the password, remove. */
export function registerUserRoutes(scope: FastifyInstance, deps: UserRoutesDeps): void {
  const { accounts, admin, domains } = deps;

  scope.post("/users", async (request, reply) => {
    const line = parseUserLine(request.body, domains);
    if (line.kind === "refused") return sendRefusal(reply, line);
    const outcome = await admin.create(line.jid, line.password);
    if (outcome !== "created") return sendRefusal(reply, outcome);
    return reply.code(201).send({ jid: line.jid, result: "created" });
  });

  scope.get("/users", (_request, reply) => sendLines(reply, listed(accounts)));

  scope.put<AccountRoute>("/users/:jid/password", async (request, reply) => {
    const account = parseAccountJid(request.params.jid, domains);
    if (account.kind === "refused") return sendRefusal(reply, account);
    const body = passwordSchema.safeParse(request.body);
    if (!body.success) {
      const message = describeIssue(body.error);
      return sendRefusal(reply, { kind: "refused", reason: "bad-request", message });
    }
    const prepared = preparePassword(body.data.password);
    if (prepared.kind === "refused") return sendRefusal(reply, prepared);
    const outcome = await admin.setPassword(account.jid, prepared.password);
    if (outcome !== "changed") return sendRefusal(reply, outcome);
    return reply.send({ jid: account.jid, result: "changed" });
  });

  scope.delete<AccountRoute>("/users/:jid", async (request, reply) => {
    const account = parseAccountJid(request.params.jid, domains);
    if (account.kind === "refused") return sendRefusal(reply, account);
    const outcome = await admin.remove(account.jid);
    if (outcome.kind === "refused") return sendRefusal(reply, outcome);
    const { sessions, contacts } = outcome;
    return reply.send({ jid: account.jid, result: "removed", sessions, contacts });
  });

  void scope.register(async (imports) => {
    acceptAnyStream(imports);
    imports.post("/users/import", (request, reply) =>
      replyWithImport(
        request,
        reply,
        deps.imports,
        "users",
        ["created", "changed", "unchanged"],
        async (value) => {
          const line = parseUserLine(value, domains);
          if (line.kind === "refused") return line;
          return { kind: "counted", counts: { [await admin.ensure(line.jid, line.password)]: 1 } };
        },
      ),
    );
  });
}

async function* listed(accounts: AccountStore): AsyncGenerator<{ jid: string }> {
  for await (const jid of existingAccounts(accounts)) yield { jid };
}
