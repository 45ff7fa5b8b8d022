import type { Finding } from "@rollcall/contracts";
import { printable } from "../output.ts";

const width = 9;

/** A finding, and below it what to do. */
export function showFinding({ severity, message, action }: Finding): string {
  const indent = " ".repeat(width);
  return `${severity.padEnd(width)}${printable(message)}\n${indent}→ ${printable(action)}\n`;
}

/** A check that found nothing. */
export function showPassed(title: string): string {
  return `${"ok".padEnd(width)}${printable(title)}\n`;
}

/** `2 errors, 1 warning`; `undefined` for nothing. */
export function countFindings(findings: readonly Finding[]): string | undefined {
  const parts = (["error", "warning"] as const).flatMap((severity) => {
    const count = findings.filter((finding) => finding.severity === severity).length;
    return count === 0 ? [] : [`${count} ${severity}${count === 1 ? "" : "s"}`];
  });
  return parts.length === 0 ? undefined : parts.join(", ");
}
