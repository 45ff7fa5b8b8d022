import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import type { RootDatabase } from "lmdb";
import { EmbeddedRiakError } from "./embedded-riak-error.ts";

/**
 * The process that has the store open, recorded in the store itself.
 *
 * LMDB lets several processes write, but the tombstone sweeper, the numbering of writes and the cached bucket properties
 * take for granted that there is one. The record is read and replaced in one LMDB write transaction, whose lock dies with
 * its holder, so two processes that start together cannot both win.
 *
 * A process elsewhere, say in another container on the same volume, cannot be seen from here. It takes the store over,
 * and the older owner finds another token in its next transaction and writes nothing more.
 */
interface Owner {
  readonly pid: number;
  /** When the process started, in the kernel's clock ticks since boot; tells a process from a later one with its pid. */
  readonly started: string | undefined;
  /** Tells this boot, and this container, from another one, in which the pid means nothing. */
  readonly place: string;
  /** New for every time the store is opened. */
  readonly token: string;
}

type Meta = RootDatabase<Uint8Array, Uint8Array>;

const OWNER_KEY = Buffer.from("owner");
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * Runs inside a write transaction.
 *
 * @returns the token of this ownership.
 * @throws {EmbeddedRiakError} `in-use` while the recorded owner lives.
 */
export function claimStore(meta: Meta, dir: string): string {
  const self = thisProcess();
  const owner = recordedOwner(meta);
  if (owner !== undefined && isAlive(owner, self)) {
    throw new EmbeddedRiakError(
      "in-use",
      `the store in ${dir} is open in process ${owner.pid}; it is for one process at a time`,
    );
  }
  meta.putSync(OWNER_KEY, encoder.encode(JSON.stringify(self)));
  return self.token;
}

/** Whether the ownership still stands. */
export function ownsStore(meta: Meta, token: string): boolean {
  return recordedOwner(meta)?.token === token;
}

/** Runs inside a write transaction. */
export function releaseStore(meta: Meta, token: string): void {
  if (ownsStore(meta, token)) meta.removeSync(OWNER_KEY);
}

function recordedOwner(meta: Meta): Owner | undefined {
  const recorded = meta.get(OWNER_KEY);
  return recorded === undefined ? undefined : (JSON.parse(decoder.decode(recorded)) as Owner);
}

function thisProcess(): Owner {
  return {
    pid: process.pid,
    started: startOf(process.pid),
    place: placeOfProcesses(),
    token: randomUUID(),
  };
}

/** A record of this very process is a leftover: `openEmbeddedRiak` refuses to open a directory twice before it asks here. */
function isAlive(owner: Owner, self: Owner): boolean {
  if (owner.place !== self.place || owner.pid === self.pid) return false;
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
  }
  return owner.started === undefined || owner.started === startOf(owner.pid);
}

/** `undefined` where there is no /proc. */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    // The second field is the program's name in parentheses and may hold anything; `started` is the 22nd.
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  } catch {
    return undefined;
  }
}

function placeOfProcesses(): string {
  try {
    return `${hostname()} ${readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim()}`;
  } catch {
    return hostname();
  }
}
