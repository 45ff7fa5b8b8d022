/** What the bench needs of a server, whoever wrote it. */
import type { ChildProcess } from "node:child_process";
import type { Roots } from "./cpu-meter.ts";
import type { LoadEndpoint } from "./load-client.ts";

export interface LoadUser {
  readonly username: string;
  /** Usernames of the contacts; every one is mutual (`both`). */
  readonly contacts: readonly string[];
}

export const DOMAIN = "localhost";
export const PASSWORD = "correct horse battery staple";

export interface ServerUnderTest {
  /** Name and version for the report. */
  readonly name: string;
  /** Of the server, or of every process of it that does not come from another. */
  readonly pid: Roots;
  /** Without TLS; SCRAM-SHA-1 is offered in clear. */
  readonly plain: LoadEndpoint;
  /** With STARTTLS. */
  readonly secure: LoadEndpoint;
  /** Where its metrics are, if it is Rollcall in one process. */
  readonly metrics?: string;
  stop(): Promise<void>;
}

export interface ServerKind {
  readonly name: string;
  /** Why it cannot run here, or `undefined`. */
  missing(): string | undefined;
  /** Starts it on free ports with these accounts and rosters in a folder of its own. */
  start(users: readonly LoadUser[], options?: { readonly jemalloc?: boolean }): Promise<ServerUnderTest>;
}

/** Polls until `ready` says so. @throws after a minute. */
export async function until(what: string, ready: () => Promise<boolean> | boolean): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (Date.now() < deadline) {
    if (await ready()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${what} took more than a minute`);
}

/** `count` users in a ring, each with the `degree` nearest ones as mutual contacts. */
export function ring(prefix: string, count: number, degree: number): LoadUser[] {
  const name = (index: number): string => `${prefix}${(index + count) % count}`;
  return Array.from({ length: count }, (_, index) => ({
    username: name(index),
    contacts: Array.from({ length: degree / 2 }, (_, step) => [
      name(index + step + 1),
      name(index - step - 1),
    ]).flat(),
  }));
}

/** A user whose contacts are nobody: rosters of a given size. */
export function withItems(prefix: string, count: number, items: number): LoadUser[] {
  return Array.from({ length: count }, (_, index) => ({
    username: `${prefix}${index}`,
    contacts: Array.from({ length: items }, (_, item) => `contact${item}-of-${prefix}${index}`),
  }));
}

/** Ends a server in good order. */
export async function stopProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  await exited;
}
