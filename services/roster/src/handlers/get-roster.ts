import type { RosterCommand } from "@rollcall/contracts";
import { itemsXml, type Roster, rosterResult } from "@rollcall/rfc6121";
import type { BareJid, Stanza } from "@rollcall/xmpp";
import { hasPushes, planRosterAnswer } from "../effects/plan-effects.ts";
import type { RosterServiceParts } from "./roster-service-parts.ts";

/** Serialised rosters; an entry lives as long as the roster it was made of. */
const itemLists = new WeakMap<Roster, string>();

function itemsOf(roster: Roster): string {
  let items = itemLists.get(roster);
  if (items === undefined) {
    items = itemsXml(roster);
    itemLists.set(roster, items);
  }
  return items;
}

function completeRoster(iq: Stanza, roster: Roster): Stanza {
  return rosterResult(iq, itemsOf(roster), roster.version);
}

/**
 * Roster get (RFC 6121, 2.1.3, 2.2, 2.6). The session is interested from the answer on, so the answer takes its turn
 * among the pushes: what it does not show is pushed after it.
 */
export async function getRoster(
  parts: RosterServiceParts,
  owner: BareJid,
  { id, session, stanza, at }: RosterCommand,
  version: string | undefined,
): Promise<void> {
  const { rosters, counters } = parts;
  await rosters.change(
    owner,
    () => ({ changes: [], result: undefined }),
    ({ roster }) => {
      let isFull = false;
      const complete = () => {
        isFull = true;
        return completeRoster(stanza, roster);
      };
      const plan = planRosterAnswer({ owner, id, roster, at }, session, { iq: stanza, version, complete });
      if (isFull) counters.answersFull++;
      else if (hasPushes(plan)) counters.answersByPushes++;
      else counters.answersNotChanged++;
      return plan;
    },
  );
}
