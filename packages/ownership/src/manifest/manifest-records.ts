/** Keys and values of the manifest: what a connection node notes for the case that it dies together with an owner. */
import { PARTITIONS, type ReportedSession } from "@rollcall/contracts";

type FullJid = ReportedSession["jid"];

/** A session that is available, or has sent directed presence: somebody is owed its unavailable presence. */
export interface ManifestSession {
  /** Its handle on the node. */
  readonly session: number;
  readonly jid: FullJid;
  /** Who got directed presence, and no unavailable since (RFC 6121, 4.6.3). */
  readonly directed: readonly string[];
}

export interface ManifestKey {
  readonly nodeId: string;
  readonly partition: number;
}

/** A message of NATS may have a megabyte. */
export const LARGEST_VALUE = 900_000;

export function manifestKey(nodeId: string, partition: number): string {
  return `${nodeId}.${partition}`;
}

export function parseManifestKey(key: string): ManifestKey | undefined {
  const dot = key.lastIndexOf(".");
  const digits = key.slice(dot + 1);
  const partition = Number(digits);
  if (dot < 1 || !/^\d{1,3}$/.test(digits) || partition >= PARTITIONS) return undefined;
  return { nodeId: key.slice(0, dot), partition };
}

/**
 * `[[handle, jid, directed…], …]`. What is too large leaves out directed presence first, the largest part, and then the
 * sessions that are left.
 *
 * @returns the value, and how many sessions are not told in full.
 */
export function encodeManifest(
  sessions: readonly ManifestSession[],
  limit = LARGEST_VALUE,
): { readonly value: string; readonly cut: number } {
  const value = encode(sessions);
  if (Buffer.byteLength(value) <= limit) return { value, cut: 0 };
  const rows: string[] = [];
  let left = limit - 2;
  // The plain rows come first: a session that is there at all is worth more than all that another one told.
  const plain = sessions.map(({ session, jid }) => JSON.stringify([session, jid]));
  for (const row of plain) {
    const bytes = Buffer.byteLength(row) + 1;
    if (bytes > left) break;
    rows.push(row);
    left -= bytes;
  }
  let cut = sessions.length - rows.length;
  for (let i = 0; i < rows.length; i += 1) {
    const { session, jid, directed } = sessions[i]!;
    if (directed.length === 0) continue;
    const row = JSON.stringify([session, jid, ...directed]);
    const bytes = Buffer.byteLength(row) - Buffer.byteLength(rows[i]!);
    if (bytes > left) {
      cut += 1;
      continue;
    }
    rows[i] = row;
    left -= bytes;
  }
  return { value: `[${rows.join(",")}]`, cut };
}

function encode(sessions: readonly ManifestSession[]): string {
  return JSON.stringify(sessions.map(({ session, jid, directed }) => [session, jid, ...directed]));
}

/** @throws {SyntaxError | TypeError} for what no node of this version wrote. */
export function decodeManifest(value: string): readonly ManifestSession[] {
  const rows: unknown = JSON.parse(value);
  if (!Array.isArray(rows)) throw new TypeError("not a manifest");
  return rows.map((row: unknown) => {
    if (!Array.isArray(row)) throw new TypeError("not a session of a manifest");
    const [session, jid, ...directed]: unknown[] = row;
    const isSession = typeof session === "number" && typeof jid === "string";
    if (!isSession || !directed.every((target) => typeof target === "string")) {
      throw new TypeError("not a session of a manifest");
    }
    return { session, jid: jid as FullJid, directed: directed as string[] };
  });
}
