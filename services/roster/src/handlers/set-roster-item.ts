import type { RosterCommand } from "@rollcall/contracts";
import {
  decideItemRemoval,
  decideItemSet,
  type ItemSet,
  noSubscription,
  removalTable,
} from "@rollcall/rfc6121";
import type { BareJid } from "@rollcall/xmpp";
import { planAnswer, planItemRemoval, planItemSet } from "../effects/plan-effects.ts";
import { type Refusal, refusalStanza } from "../refuse.ts";
import { type AppliedCommand, findCommand } from "../store/command-log.ts";
import type { Decision, StoredRoster } from "../store/roster-store.ts";
import type { RosterServiceParts } from "./roster-service-parts.ts";

type Result =
  | { readonly kind: "applied"; readonly command: AppliedCommand; readonly again: boolean }
  | { readonly kind: "older" }
  | Refusal;

/** A roster set that adds or changes an item (RFC 6121, 2.3, 2.4). */
export async function setRosterItem(
  parts: RosterServiceParts,
  owner: BareJid,
  { id, session, stanza, at }: RosterCommand,
  item: ItemSet,
): Promise<"done" | "refused"> {
  const { rosters, limits, counters } = parts;
  const outcome = await rosters.change(
    owner,
    (stored): Decision<Result> => {
      const seen = findCommand(stored.commands, id);
      if (seen === "older") return unchanged({ kind: "older" });
      if (seen !== undefined) return unchanged({ kind: "applied", command: seen, again: true });
      const decided = decideItemSet(stored.roster, item, limits);
      if (decided.kind === "roster-full") return unchanged(decided);
      const command: AppliedCommand = {
        id,
        event: "set",
        contact: item.jid,
        before: noSubscription,
        stanza: undefined,
        confirmed: true,
      };
      return { changes: [decided.change], command, result: { kind: "applied", command, again: false } };
    },
    ({ roster, result }) => {
      if (result.kind === "older") return undefined;
      const context = { owner, id, roster, at };
      if (result.kind !== "applied") return planAnswer(context, session, refusalStanza(stanza, result));
      const { again } = result;
      if (again) counters.replays++;
      return planItemSet({ ...context, again }, session, stanza, item.jid);
    },
  );
  return outcomeOf(outcome);
}

/** A roster set that removes an item, and with it every subscription between the two (RFC 6121, 2.5). */
export async function removeRosterItem(
  parts: RosterServiceParts,
  owner: BareJid,
  { id, session, stanza, at }: RosterCommand,
  jid: BareJid,
): Promise<"done" | "refused"> {
  const { rosters, counters, domains } = parts;
  const isLocal = domains.has(jid);
  const outcome = await rosters.change(
    owner,
    (stored) => decideRemoval(stored, { id, event: "remove", contact: jid }, isLocal),
    ({ roster, result }) => {
      if (result.kind === "older") return undefined;
      const context = { owner, id, roster, at };
      if (result.kind !== "applied") return planAnswer(context, session, refusalStanza(stanza, result));
      const { again, command } = result;
      if (again) counters.replays++;
      return planItemRemoval({ ...context, again }, session, stanza, command, isLocal);
    },
  );
  return outcomeOf(outcome);
}

function decideRemoval(
  stored: StoredRoster,
  removal: Pick<AppliedCommand, "id" | "event" | "contact">,
  isLocal: boolean,
): Decision<Result> {
  const seen = findCommand(stored.commands, removal.id);
  if (seen === "older") return unchanged({ kind: "older" });
  if (seen !== undefined) return unchanged({ kind: "applied", command: seen, again: true });
  const decided = decideItemRemoval(stored.roster, removal.contact);
  if (decided.kind === "no-such-item") return unchanged(decided);
  const { before } = decided;
  const owesNothing = !isLocal || removalTable[before.state].stanzas.length === 0;
  const command: AppliedCommand = { ...removal, before, stanza: undefined, confirmed: owesNothing };
  return { changes: [decided.change], command, result: { kind: "applied", command, again: false } };
}

function unchanged(result: Result): Decision<Result> {
  return { changes: [], result };
}

function outcomeOf({ kind }: Result): "done" | "refused" {
  return kind === "applied" || kind === "older" ? "done" : "refused";
}
