import { randomBytes } from "node:crypto";

/**
 * Id of a process or of a connection node, new at every start: a readable name and a random incarnation
 * (design, section 4), for example `web-1-9f3c0a4be2d15c77`. What subjects cannot hold becomes `-`.
 */
export function createInstanceId(name: string): string {
  const readable = name.replace(/[^A-Za-z0-9_-]+/g, "-").replace(/^-+|-+$/g, "");
  return `${readable === "" ? "rollcall" : readable}-${randomBytes(8).toString("hex")}`;
}

/** 128 random bits in 22 characters that are safe in a resource, a URL and a file name. */
export function randomId(): string {
  return randomBytes(16).toString("base64url");
}
