import { done, type Outcome } from "@rollcall/bus";
import type { RosterCommand } from "@rollcall/contracts";
import { emptyRoster } from "@rollcall/rfc6121";
import { activeSpan, type RosterOperation, type RosterOutcome, withSpan } from "@rollcall/telemetry";
import type { BareJid, Stanza } from "@rollcall/xmpp";
import { planAnswer } from "../effects/plan-effects.ts";
import { faultOutcome, faultStanza } from "../refuse.ts";
import type { RosterServiceParts } from "./roster-service-parts.ts";

/** Answers a command of a session without a look at the roster. */
export async function answerSession(
  { rosters }: RosterServiceParts,
  owner: BareJid,
  { id, session, at }: RosterCommand,
  stanza: Stanza,
): Promise<void> {
  await rosters.tell(planAnswer({ owner, id, roster: emptyRoster, at }, session, stanza));
}

/**
 * Runs the handling of a command; a fault of the store is told to the session, one of the bus to the bus. A command
 * that waited while its account was removed is dropped, or it would give the next owner of the name a roster.
 *
 * @param handle answers the session itself, and says what it was told.
 */
export async function answerFaults(
  parts: RosterServiceParts,
  owner: BareJid,
  command: RosterCommand,
  operation: RosterOperation,
  handle: () => Promise<Exclude<RosterOutcome, "failed">>,
): Promise<Outcome> {
  const { admission, counters } = parts;
  const span = activeSpan();
  try {
    const handled = await admission.admit(owner, handle);
    if (handled === undefined) counters.unknownAccounts++;
    counters.ended(operation, handled?.result ?? "refused");
    return done;
  } catch (fault) {
    counters.ended(operation, "failed");
    const stanza = faultStanza(command.stanza, fault);
    if (stanza === undefined) return faultOutcome(fault);
    withSpan(span, () => {
      parts.logger.warn({ event: "roster.store-failed", account: owner, error: fault });
    });
    try {
      await answerSession(parts, owner, command, stanza);
      return done;
    } catch (untold) {
      return faultOutcome(untold);
    }
  }
}
