import { InvalidArgumentError } from "commander";

const units = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 } as const;
/** What the server takes: a day. */
const longest = 24 * units.h;

/** Reads `30s`, `5m`, `1h` or `500ms` for an option. @returns milliseconds. @throws {InvalidArgumentError} */
export function parseDuration(text: string): number {
  const [, number, unit] = /^(\d{1,9})(ms|s|m|h)$/.exec(text) ?? [];
  const ms = Number(number) * units[unit as keyof typeof units];
  if (Number.isInteger(ms) && ms > 0 && ms <= longest) return ms;
  throw new InvalidArgumentError("Write it like 30s, 5m or 1h; 24h is the longest.");
}

/** The two largest units of a time, as `3 d 4 h` or `12 s`. */
export function formatDuration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  const parts = [
    [Math.floor(seconds / 86_400), "d"],
    [Math.floor(seconds / 3_600) % 24, "h"],
    [Math.floor(seconds / 60) % 60, "min"],
    [seconds % 60, "s"],
  ] as const;
  const first = parts.findIndex(([count]) => count > 0);
  if (first === -1) return "0 s";
  return parts
    .slice(first, first + 2)
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count} ${unit}`)
    .join(" ");
}
