import type { AccountStore } from "@rollcall/accounts";
import type { ContactRecord } from "@rollcall/contracts";
import type { BareJid } from "@rollcall/xmpp";
import type { FastifyInstance } from "fastify";
import { parseAccountJid } from "../account-jid.ts";
import { existingAccounts } from "../accounts/existing-accounts.ts";
import type { RosterAdmin } from "../accounts/roster-admin.ts";
import { type ImportContext, replyWithImport } from "../import/import-reply.ts";
import { parseRosterLine } from "../import/roster-line.ts";
import { boundedMap } from "../ndjson/bounded-map.ts";
import { sendLines } from "../ndjson/write-lines.ts";
import { sendRefusal } from "../refusal.ts";
import type { AccountRoute } from "./account-route.ts";
import { acceptAnyStream } from "./any-stream.ts";

export interface RosterRoutesDeps {
  readonly accounts: AccountStore;
  readonly rosters: RosterAdmin;
  readonly domains: ReadonlySet<string>;
  readonly imports: ImportContext;
}

/** Rosters that an export asks for at the same time. */
const exportConcurrency = 16;

/** `/rosters`: show, export, import, refresh. */
export function registerRosterRoutes(scope: FastifyInstance, deps: RosterRoutesDeps): void {
  const { accounts, domains, rosters } = deps;

  scope.get("/rosters", (_request, reply) => sendLines(reply, exported(accounts, rosters)));

  scope.get<AccountRoute>("/rosters/:jid", async (request, reply) => {
    const account = parseAccountJid(request.params.jid, domains);
    if (account.kind === "refused") return sendRefusal(reply, account);
    const roster = await rosters.show(account.jid);
    if (roster.kind === "refused") return sendRefusal(reply, roster);
    return reply.send({ jid: account.jid, version: roster.version, contacts: roster.contacts });
  });

  scope.post<AccountRoute>("/rosters/:jid/refresh", async (request, reply) => {
    const account = parseAccountJid(request.params.jid, domains);
    if (account.kind === "refused") return sendRefusal(reply, account);
    const refreshed = await rosters.refresh(account.jid);
    if (refreshed.kind === "refused") return sendRefusal(reply, refreshed);
    return reply.send({ jid: account.jid, result: "refreshed", pushed: refreshed.pushed });
  });

  void scope.register(async (imports) => {
    acceptAnyStream(imports);
    imports.post("/rosters/import", (request, reply) =>
      replyWithImport(
        request,
        reply,
        deps.imports,
        "rosters",
        ["added", "changed", "unchanged"],
        async (value) => {
          const line = parseRosterLine(value, domains);
          if (line.kind === "refused") return line;
          const outcome = await rosters.import(line.jid, line.contacts);
          if (outcome.kind === "refused") return outcome;
          const { added, changed, unchanged } = outcome;
          return { kind: "counted", counts: { added, changed, unchanged } };
        },
      ),
    );
  });
}

interface ExportedRoster {
  readonly jid: BareJid;
  readonly contacts: Readonly<Record<string, ContactRecord>>;
}

async function* exported(accounts: AccountStore, rosters: RosterAdmin): AsyncGenerator<ExportedRoster> {
  const answers = boundedMap(existingAccounts(accounts), exportConcurrency, async (jid) => {
    const roster = await rosters.showKnown(jid);
    if (roster.kind === "refused") throw new Error(`the roster of an account was refused: ${roster.message}`);
    return { jid, contacts: roster.contacts };
  });
  yield* answers;
}
