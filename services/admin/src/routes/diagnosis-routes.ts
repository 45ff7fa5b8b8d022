import type { AccountStore } from "@rollcall/accounts";
import type { Bus } from "@rollcall/bus";
import type { SessionSummary, WhoAnswer } from "@rollcall/contracts";
import type { Control } from "@rollcall/control";
import type { FastifyInstance } from "fastify";
import { parseAccountJid } from "../account-jid.ts";
import { type AccountFacts, gatherAccount } from "../diagnosis/account-facts.ts";
import { whyShown } from "../diagnosis/why-shown.ts";
import { sendRefusal } from "../refusal.ts";
import type { AccountRoute } from "./account-route.ts";

export interface DiagnosisRoutesDeps {
  readonly accounts: AccountStore;
  readonly bus: Pick<Bus, "request">;
  readonly control: Pick<Control, "ask">;
  /** In canonical form. */
  readonly domains: ReadonlySet<string>;
}

interface WhyRoute {
  readonly Params: { readonly jid: string; readonly to: string };
}

const NODE_TIMEOUT_MS = 2_000;

/** `/users/JID/who` and `/users/JID/why/JID`: an account as it is now, and whether it is shown online to another. */
export function registerDiagnosisRoutes(scope: FastifyInstance, deps: DiagnosisRoutesDeps): void {
  const { control, domains } = deps;

  scope.get<AccountRoute>("/users/:jid/who", async (request, reply) => {
    const account = parseAccountJid(request.params.jid, domains);
    if (account.kind === "refused") return sendRefusal(reply, account);
    return reply.send(who(await gatherAccount(deps, account.jid)));
  });

  scope.get<WhyRoute>("/users/:jid/why/:to", async (request, reply) => {
    const shown = parseAccountJid(request.params.jid, domains);
    if (shown.kind === "refused") return sendRefusal(reply, shown);
    const observer = parseAccountJid(request.params.to, domains);
    if (observer.kind === "refused") return sendRefusal(reply, observer);
    if (shown.jid === observer.jid) {
      const message = `${shown.jid} sees its own resources, whatever its roster says; name two accounts`;
      return sendRefusal(reply, { kind: "refused", reason: "bad-request", message });
    }
    const [romeo, juliet] = await Promise.all([
      gatherAccount(deps, shown.jid, observer.jid),
      gatherAccount(deps, observer.jid, shown.jid),
    ]);
    const nodes = new Set([romeo, juliet].flatMap(sessionsOf).map(({ node }) => node));
    return reply.send(whyShown({ romeo, juliet, silentNodes: await silentNodes(nodes) }));
  });

  async function silentNodes(nodes: ReadonlySet<string>): Promise<ReadonlySet<string>> {
    if (nodes.size === 0) return nodes;
    const { answers } = await control.ask(
      { kind: "status" },
      { to: [...nodes].slice(0, 256), timeoutMs: NODE_TIMEOUT_MS },
    );
    const heard = new Set(answers.map(({ process }) => process.id));
    return new Set([...nodes].filter((node) => !heard.has(node)));
  }
}

function sessionsOf({ presence }: AccountFacts): readonly SessionSummary[] {
  return presence.kind === "told" ? presence.value.sessions : [];
}

function who({ account, jid, presence, roster }: AccountFacts): WhoAnswer {
  const unknown: string[] = [];
  const known = <T>(what: string, told: { kind: "told"; value: T } | { kind: "silent"; reason: string }) => {
    if (told.kind === "told") return told.value;
    unknown.push(`${what}: ${told.reason}`);
    return undefined;
  };
  const stored = known("the account", account);
  const here = known("its presence owner", presence);
  const kept = known("its roster owner", roster);
  const contacts = Object.entries(kept?.contacts ?? {});
  const having = (...values: string[]): string[] =>
    contacts
      .filter(([, { subscription }]) => subscription !== undefined && values.includes(subscription))
      .map(([contact]) => contact);
  return {
    jid,
    exists: stored?.exists,
    disabled: stored?.disabled ?? false,
    createdAt: stored?.createdAt,
    sessions: here?.sessions,
    lastUnavailableAt: here?.lastUnavailableAt,
    roster:
      kept === undefined
        ? undefined
        : {
            version: kept.version,
            contacts: contacts.length,
            subscribers: having("from", "both"),
            subscribedTo: having("to", "both"),
            requests: contacts
              .filter(([, { pending_requests }]) => pending_requests?.subscribe !== undefined)
              .map(([contact]) => contact),
            commands: kept.commands,
          },
    unknown,
  };
}
