import { randomBytes, randomFillSync } from "node:crypto";

/**
 * Id of a process or of a connection node, new at every start: a readable name and a random incarnation
 * (design, section 4), for example `web-1-9f3c0a4be2d15c77`. What subjects cannot hold becomes `-`.
 */
export function createInstanceId(name: string): string {
  const readable = name.replace(/[^A-Za-z0-9_-]+/g, "-").replace(/^-+|-+$/g, "");
  return `${readable === "" ? "rollcall" : readable}-${randomBytes(8).toString("hex")}`;
}

/** Asking the system for a few bytes costs as much as asking for many. */
const pool = Buffer.allocUnsafeSlow(4_096);
let unused = pool.length;

/**
 * Random bytes as text in base64url, 4 characters for 3 bytes; no byte is given out twice.
 * @param bytes at most 64.
 */
export function randomText(bytes: number): string {
  if (unused + bytes > pool.length) {
    randomFillSync(pool);
    unused = 0;
  }
  const text = pool.toString("base64url", unused, unused + bytes);
  pool.fill(0, unused, unused + bytes);
  unused += bytes;
  return text;
}

/** 128 random bits in 22 characters that are safe in a resource, a URL and a file name. */
export function randomId(): string {
  return randomText(16);
}
