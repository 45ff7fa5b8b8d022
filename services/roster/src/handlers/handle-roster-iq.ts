import type { Outcome } from "@rollcall/bus";
import type { RosterCommand } from "@rollcall/contracts";
import { parseRosterIq, type RosterIqRefusal } from "@rollcall/rfc6121";
import { type BareJid, bareOf } from "@rollcall/xmpp";
import { type Refusal, refusalStanza } from "../refuse.ts";
import { answerFaults, answerSession } from "./answer-session.ts";
import { getRoster } from "./get-roster.ts";
import type { RosterServiceParts } from "./roster-service-parts.ts";
import { removeRosterItem, setRosterItem } from "./set-roster-item.ts";

/** A roster get or set of a session of the account (RFC 6121, section 2). */
export async function handleRosterIq(
  parts: RosterServiceParts,
  owner: BareJid,
  command: RosterCommand,
): Promise<Outcome> {
  const { stanza } = command;
  const request = parseRosterIq(stanza, owner, parts.limits);
  const attempted = stanza.type === "get" ? "get" : "set";
  const operation = request.kind === "refused" ? attempted : request.kind;
  return answerFaults(parts, owner, command, operation, async () => {
    switch (request.kind) {
      case "get":
        await getRoster(parts, owner, command, request.version);
        return "done";
      case "set":
        return setRosterItem(parts, owner, command, request.item);
      case "remove":
        return removeRosterItem(parts, owner, command, request.jid);
      case "refused": {
        const refusal = await refine(parts, command, request);
        await answerSession(parts, owner, command, refusalStanza(stanza, refusal));
        return "refused";
      }
    }
  });
}

/** An account that is not there cannot forbid anything: 8.5.1 has its own answer. */
async function refine(
  { accounts, domains }: RosterServiceParts,
  { stanza }: RosterCommand,
  refusal: RosterIqRefusal,
): Promise<Refusal> {
  if (refusal.condition !== "forbidden" || stanza.to === undefined) return refusal;
  const addressed = bareOf(stanza.to);
  if (!domains.has(addressed)) return { kind: "no-such-domain" };
  return (await accounts.exists(addressed)) ? refusal : { kind: "no-such-account" };
}
