import type { WhoAnswer, WhyAnswer } from "@rollcall/contracts";
import { formatDuration } from "../duration.ts";
import { printable, table } from "../output.ts";

/** Contacts that are named; the rest are counted. */
const NAMED = 10;

/** An account as it is now. Pure. @param now milliseconds since the epoch. */
export function showWho(who: WhoAnswer, now: number): string {
  const { jid, exists, disabled, createdAt, sessions, lastUnavailableAt, roster, unknown } = who;
  const lines: string[] = [];
  const add = (name: string, text: string): void => void lines.push(`${name.padEnd(15)}${printable(text)}\n`);
  const since = createdAt === undefined ? "" : `, since ${new Date(createdAt).toISOString().slice(0, 10)}`;
  add(
    "account",
    exists ? `${jid}${since}${disabled ? "; disabled: may not log in" : ""}` : `there is no ${jid}`,
  );
  if (sessions !== undefined && sessions.length === 0) {
    const last = lastUnavailableAt === undefined ? "" : `; went offline ${ago(lastUnavailableAt, now)}`;
    add("sessions", `none${last}`);
  }
  if (roster !== undefined) {
    add("roster", `version ${roster.version}, ${roster.contacts} contacts`);
    add("seen by", named(roster.subscribers));
    add("sees", named(roster.subscribedTo));
    if (roster.requests.length > 0) add("asked by", named(roster.requests));
    const [last, ...before] = roster.commands.toReversed();
    if (last !== undefined) add("last changes", [last, ...before].slice(0, 5).map(commandText).join("; "));
  }
  for (const reason of unknown) add("not known", reason);
  if (sessions === undefined || sessions.length === 0) return lines.join("");
  const rows = sessions.map((session) => [
    session.resource,
    session.node,
    session.leaving === true ? "leaving" : session.available ? (session.show ?? "online") : "not available",
    String(session.priority),
    session.interested ? "yes" : "no",
    session.presenceAt === undefined ? "" : ago(session.presenceAt, now),
  ]);
  const headings = ["resource", "node", "presence", "priority", "interested", "since"];
  return `${lines.join("")}\n${table(headings, rows)}`;
}

/** Whether, and why, somebody is shown to somebody. Pure. */
export function showWhy({ who, to, shown, reasons }: WhyAnswer): string {
  const verdicts = { yes: "is shown", no: "is not shown", unknown: "may or may not be shown" } as const;
  const lines = reasons.map(
    ({ effect, message, action }) =>
      `${(effect === "hint" ? "note" : "because").padEnd(9)}${printable(message)}\n${" ".repeat(9)}→ ${printable(action)}\n`,
  );
  return `${printable(who)} ${verdicts[shown]} online to ${printable(to)}\n${lines.join("")}`;
}

function named(jids: readonly string[]): string {
  if (jids.length === 0) return "nobody";
  const shown = jids.slice(0, NAMED).join(", ");
  return jids.length > NAMED ? `${shown} and ${jids.length - NAMED} more` : shown;
}

function commandText({
  event,
  contact,
  confirmed,
}: {
  event: string;
  contact: string;
  confirmed: boolean;
}): string {
  return `${event} ${contact}${confirmed ? "" : " (not confirmed yet)"}`;
}

function ago(at: number, now: number): string {
  return `${formatDuration(now - at)} ago`;
}
