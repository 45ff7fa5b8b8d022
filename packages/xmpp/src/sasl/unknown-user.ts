import { createHmac } from "node:crypto";
import { type ScramMechanism, scramHashes } from "./mechanisms.ts";
import { type ScramSecrets, scramSaltBytes } from "./scram-keys.ts";

/** How an account that does not exist is made to look like one that does. */
export interface UnknownUsers {
  /** Random, at least 32 bytes, the same on every node and after a restart: the salt of a name must not change. */
  readonly secret: Uint8Array;
  /** What new accounts get, so that unknown names are shown the usual count. */
  readonly iterations: number;
}

/**
 * Keys for a name that has none: always the same ones, and matched by no password that anybody could know.
 */
export function unknownUserSecrets(
  mechanism: ScramMechanism,
  username: string,
  domain: string,
  { secret, iterations }: UnknownUsers,
): ScramSecrets {
  const bytes = createHmac("sha512", secret).update(`${mechanism}\0${username}@${domain}`).digest();
  const key = bytes.subarray(scramSaltBytes, scramSaltBytes + scramHashes[mechanism].bytes);
  return { salt: bytes.subarray(0, scramSaltBytes), iterations, storedKey: key, serverKey: key };
}
