/** A run in words: what was done, and each finding with the events around it. */
import type { Finding, HistoryEvent } from "./checker/history.ts";
import { bareOf } from "./checker/sessions.ts";

const eventsAround = 14;
const mostShown = 20;

export function report(events: readonly HistoryEvent[], findings: readonly Finding[]): string {
  const lines = [counts(events), ""];
  if (findings.length === 0)
    return [...lines, "Nothing was lost, doubled, reordered, stale or late."].join("\n");
  const kinds = new Map<string, number>();
  for (const { kind } of findings) kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  lines.push(`${findings.length} findings: ${[...kinds].map(([kind, n]) => `${n} ${kind}`).join(", ")}`);
  const jids = new Map(
    events.flatMap((event) => (event.kind === "bound" ? [[event.session, event.jid] as const] : [])),
  );
  for (const finding of findings.slice(0, mostShown)) {
    lines.push("", `${finding.kind.toUpperCase()} at ${finding.at} ms: ${finding.text}`);
    lines.push(...around(events, finding, jids).map((line) => `    ${line}`));
  }
  if (findings.length > mostShown) lines.push("", `… and ${findings.length - mostShown} more`);
  return lines.join("\n");
}

function counts(events: readonly HistoryEvent[]): string {
  const sessions = events.filter((event) => event.kind === "bound").length;
  const cut = events.filter((event) => event.kind === "ended" && event.how === "cut").length;
  const sent = events.filter((event) => event.kind === "sent").length;
  const received = events.filter((event) => event.kind === "received").length;
  const faults = events.filter((event) => event.kind === "fault").length;
  return `${sessions} sessions (${cut} cut), ${sent} stanzas sent, ${received} received, ${faults} faults\n${operations(events)}`;
}

/** How long operations took, from the request to its answer. */
function operations(events: readonly HistoryEvent[]): string {
  const starts = new Map<string, number>();
  const times: number[] = [];
  for (const event of events) {
    if (event.kind === "sent" && (event.stanza.what === "roster-set" || event.stanza.what === "iq")) {
      starts.set(`${event.session}:${event.sequence}`, event.at);
    } else if (event.kind === "answered") {
      const start = starts.get(`${event.session}:${event.sequence}`);
      if (start !== undefined) times.push(event.at - start);
    }
  }
  times.sort((one, other) => one - other);
  const at = (share: number): number =>
    times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0;
  return `${starts.size} operations, ${times.length} answered: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, longest ${at(1)} ms`;
}

/** The events nearest to a finding of the accounts it is about, and the faults. */
function around(
  events: readonly HistoryEvent[],
  finding: Finding,
  jids: ReadonlyMap<number, string>,
): string[] {
  const about = (event: HistoryEvent): boolean => {
    if (event.kind === "fault") return true;
    if (event.kind === "friends" || event.kind === "roster") return false;
    const owner = bareOf(jids.get(event.session) ?? "");
    if (!finding.accounts.includes(owner)) return false;
    if (event.kind === "bound" || event.kind === "ended" || event.kind === "answered") return true;
    const { stanza } = event;
    if (stanza.what === "push")
      return finding.accounts.includes(stanza.item.contact) || finding.accounts.length === 1;
    const other = "from" in stanza ? stanza.from : "to" in stanza ? stanza.to : undefined;
    return other === undefined || finding.accounts.includes(bareOf(other));
  };
  return events
    .filter((event) => about(event))
    .sort((one, other) => Math.abs(one.at - finding.at) - Math.abs(other.at - finding.at))
    .slice(0, eventsAround)
    .sort((one, other) => one.at - other.at)
    .map((event) => describe(event, jids));
}

function describe(event: HistoryEvent, jids: ReadonlyMap<number, string>): string {
  const { kind, at, ...rest } = event;
  const who = "session" in event ? ` ${jids.get(event.session)}` : "";
  return `${String(at).padStart(7)} ${kind}${who} ${JSON.stringify(rest)}`;
}
