/** Fields that have a place of their own in a line, or none. */
const placed: ReadonlySet<string> = new Set(["level", "time", "name", "event", "pid", "hostname"]);

const colours: Readonly<Record<string, string>> = {
  debug: "\u001b[90m",
  info: "\u001b[32m",
  warn: "\u001b[33m",
  error: "\u001b[31m",
};
const reset = "\u001b[0m";

/**
 * One JSON log line as a person wants to read it:
 *
 *   14:03:21.042 WARN  store.slow service=roster ms=812
 *
 * Stacks follow on indented lines.
 */
export function formatLogLine(json: string, colour: boolean): string {
  const fields = JSON.parse(json) as Record<string, unknown>;
  const level = String(fields.level);
  const label = level.toUpperCase().padEnd(5);
  const time = String(fields.time).slice(11, 23);
  let line = `${time} ${colour ? `${colours[level] ?? ""}${label}${reset}` : label} ${String(fields.event)}`;
  let stack = "";
  for (const [name, value] of Object.entries(fields)) {
    if (placed.has(name)) continue;
    if (isLoggedError(value)) {
      line += ` ${name}=${formatValue(value.code === undefined ? value.message : `${value.code}: ${value.message}`)}`;
      stack += `\n    ${value.stack.replaceAll("\n", "\n    ")}`;
    } else {
      line += ` ${name}=${formatValue(value)}`;
    }
  }
  return `${line}${stack}\n`;
}

function isLoggedError(value: unknown): value is { message: string; code?: string; stack: string } {
  return typeof value === "object" && value !== null && "stack" in value && "message" in value;
}

function formatValue(value: unknown): string {
  if (typeof value !== "string") return JSON.stringify(value) ?? "undefined";
  return /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value);
}
