import { logFields } from "./log-fields.ts";
import { events } from "./names.ts";

const kinds = {
  jid: "JID",
  error: "error",
  text: "text",
  number: "number",
  flag: "yes or no",
  list: "list",
  details: "object",
} as const;

/** The catalogue of events and fields as Markdown, for `docs/logs.md`. */
export function describeLogs(): string {
  return [
    "# Logs",
    "",
    "Every process writes its log to standard output: one JSON object a line, or lines for people on a terminal (`log.format`). This",
    "page is made from the code: `npm run logs` writes it, and tests hold it against what the sources log.",
    "",
    "- A line has `time`, `level`, `name` (of the program), `event` and some of the fields below; no others.",
    "- Never a stanza, a body, a status, a password, a token: no field is for them. The traffic of clients has",
    "  [a log of its own](xmpp-log.md), which is off unless it is asked for.",
    "- JIDs are shown, or with `log.jids=hashed` replaced by stand-ins that keep the domain.",
    "- What belongs to something that is [traced](traces.md) has `trace_id` and `span_id`.",
    "- An error is shown as `name`, `code`, `message`, `stack` and `cause`.",
    "- `log.level` is the level at the start. It is changed while the process runs, for good or for a time, for the whole log or",
    "  for an area: the part of the names of events before the dot. The change is logged as `log.level-changed`.",
    "- Standard output that nobody reads does not hold up the process: 16 MiB wait, then lines are dropped.",
    "",
    "## Events",
    "",
    "| event | meaning |",
    "| --- | --- |",
    ...Object.entries(events).map(([name, doc]) => `| \`${name}\` | ${doc} |`),
    "",
    "## Fields",
    "",
    "| field | holds | meaning |",
    "| --- | --- | --- |",
    ...Object.entries(logFields).map(([name, { kind, doc }]) => `| \`${name}\` | ${kinds[kind]} | ${doc} |`),
    "",
  ].join("\n");
}
