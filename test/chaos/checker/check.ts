import { type Bounds, defaultBounds, type Finding, type HistoryEvent } from "./history.ts";
import { checkPresence } from "./presence.ts";
import { checkRosters } from "./rosters.ts";
import { History, keyOf } from "./sessions.ts";
import { checkStanzas } from "./stanzas.ts";

/**
 * Everything in a history that a server that loses, doubles and reorders nothing would not have shown. What is
 * uncertain by nature, such as an operation whose client was cut before the answer, may or may not have happened.
 *
 * @param events in the order of time.
 */
export function check(events: readonly HistoryEvent[], bounds: Bounds = defaultBounds): Finding[] {
  const history = new History(events);
  return [
    ...checkStanzas(history, bounds),
    ...checkPresence(history, bounds),
    ...checkRosters(history, bounds),
    ...checkAnswerTimes(history, bounds),
  ].sort((one, other) => one.at - other.at);
}

function checkAnswerTimes(history: History, bounds: Bounds): Finding[] {
  const findings: Finding[] = [];
  const disturbed = (from: number, to: number): boolean =>
    history.events.some(
      (event) =>
        event.kind === "fault" &&
        event.until > event.at &&
        event.at <= to &&
        event.until + bounds.operationMs >= from,
    );
  for (const [key, answers] of history.answers) {
    const sent = history.sent.get(key);
    const at = answers[0]?.at;
    if (sent === undefined || at === undefined || at - sent.at <= bounds.operationMs) continue;
    if (disturbed(sent.at, at)) continue;
    const life = history.sessions.get(sent.session);
    findings.push({
      kind: "late",
      at,
      text: `the answer to ${sent.stanza.what} ${keyOf(sent)} of ${life?.jid} took ${at - sent.at} ms`,
      accounts: life === undefined ? [] : [life.account],
    });
  }
  return findings;
}
