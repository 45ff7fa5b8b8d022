/** CPU and memory of a process and all its descendants, from /proc. */
import { readdirSync, readFileSync } from "node:fs";

const TICKS_PER_SECOND = 100;

interface ProcessRow {
  readonly pid: number;
  readonly parent: number;
  /** User and system time, milliseconds. */
  readonly cpuMs: number;
}

function readProcess(pid: number): ProcessRow | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    // The command is in parentheses and may contain anything: fields count from the last one.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const ticks = Number(fields[11]) + Number(fields[12]);
    return { pid, parent: Number(fields[1]), cpuMs: (ticks * 1000) / TICKS_PER_SECOND };
  } catch {
    return undefined;
  }
}

/** One process, or several that belong together. */
export type Roots = number | readonly number[];

/** The processes and their descendants. */
export function processTree(roots: Roots): number[] {
  const rows = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((name) => readProcess(Number(name)))
    .filter((row): row is ProcessRow => row !== undefined);
  const tree = typeof roots === "number" ? [roots] : [...roots];
  for (let i = 0; i < tree.length; i += 1) {
    for (const row of rows) if (row.parent === tree[i]) tree.push(row.pid);
  }
  return tree;
}

/** User and system time of the tree so far, milliseconds, at the 10 ms grain of the kernel. */
export function cpuOf(roots: Roots): number {
  return processTree(roots).reduce((sum, pid) => sum + (readProcess(pid)?.cpuMs ?? 0), 0);
}

/** Resident memory of the tree, bytes. */
export function rssOf(roots: Roots): number {
  let sum = 0;
  for (const pid of processTree(roots)) {
    try {
      sum += Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "latin1"))?.[1] ?? 0) * 1024;
    } catch {
      // Gone since the listing.
    }
  }
  return sum;
}
