import { Buffer } from "node:buffer";

/** Each part of a JID is at most this long in UTF-8 once it is enforced (RFC 7622, 3.2 to 3.4). */
export const maxPartBytes = 1023;

/** Passes an enforced part on if it is short enough. */
export function limited(part: string | undefined): string | undefined {
  if (part === undefined || part.length > maxPartBytes || Buffer.byteLength(part) > maxPartBytes)
    return undefined;
  return part;
}
