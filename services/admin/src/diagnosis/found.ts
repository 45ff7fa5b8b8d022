import type { Finding, ProcessRow, ProcessStatus, Severity } from "@rollcall/contracts";
import type { ClusterFacts } from "./cluster-status.ts";

/** Something that can be wrong with a cluster. Pure. */
export interface ClusterCheck {
  readonly check: string;
  /** What is true when nothing is found. */
  readonly title: string;
  /** Left out where there is no such thing to look at. Default: always there. */
  readonly applies?: (status: ProcessStatus) => boolean;
  readonly find: (facts: ClusterFacts) => readonly Finding[];
}

export type Answered = ProcessRow & { readonly status: ProcessStatus };

export const found = (severity: Severity, code: string, message: string, action: string): Finding => ({
  severity,
  code,
  message,
  action,
});

export function answered({ processes }: ClusterFacts): Answered[] {
  return processes.filter((process): process is Answered => process.status !== undefined);
}

/** `1, 2, 3 and 9 more`. */
export function listed(items: readonly (string | number)[]): string {
  const shown = items.slice(0, 5).join(", ");
  return items.length > 5 ? `${shown} and ${items.length - 5} more` : shown;
}

export type Said = readonly [id: string, finding: Finding];

/** The same finding of several processes as one. `%` in the message stands for them. */
export function asOne(said: readonly Said[]): Finding[] {
  const groups = new Map<string, { readonly finding: Finding; readonly ids: string[] }>();
  for (const [id, finding] of said) {
    const key = `${finding.severity} ${finding.code} ${finding.message}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { finding, ids: [id] });
    else group.ids.push(id);
  }
  return [...groups.values()].map(({ finding, ids }) => {
    const who = ids.length <= 2 ? ids.join(" and ") : `${ids[0]} and ${ids.length - 1} others`;
    return { ...finding, message: finding.message.replace("%", () => who) };
  });
}
