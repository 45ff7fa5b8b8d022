import type { BareJid } from "@rollcall/xmpp";
import { AccountTurns } from "./account-turns.ts";
import { applyDecision, emptyDocument, emptySince, type RosterDocument } from "./roster-document.ts";
import type { Committed, Decision, RosterStore, StoredRoster } from "./roster-store.ts";

/** Rosters for as long as the process lives. Nobody else writes here, so there are never edits. */
export function createMemoryRosterStore(): RosterStore {
  const documents = new Map<BareJid, RosterDocument>();
  const turns = new AccountTurns();

  function update<R>(
    owner: BareJid,
    decide: (stored: StoredRoster) => Decision<R>,
    seen?: (committed: Committed<R>) => void,
  ): Promise<Committed<R>> {
    return turns.run(owner, async () => {
      const before = documents.get(owner) ?? emptyDocument;
      const { roster, commands } = before;
      const decision = decide({ roster, commands, edits: undefined });
      const after = applyDecision(before, decision);
      const written = after !== before;
      if (written) documents.set(owner, after);
      const committed = {
        roster: after.roster,
        commands: after.commands,
        edits: undefined,
        result: decision.result,
        written,
      };
      seen?.(committed);
      return committed;
    });
  }

  return {
    update,
    forget: () => {},
    load: (owner, seen) => update(owner, () => ({ changes: [], result: undefined }), seen),
    remove: (owner) =>
      turns.run(owner, async () => {
        const { roster } = documents.get(owner) ?? emptyDocument;
        documents.set(owner, emptySince(Math.max(roster.version, roster.revision) + 1));
      }),
  };
}
