import { Buffer } from "node:buffer";
import { createHash, createHmac, pbkdf2 as pbkdf2WithCallback } from "node:crypto";
import { prepareOpaque } from "../precis/opaque-string.ts";
import { decodeBase64, encodeBase64 } from "./base64.ts";
import { type ScramHash, type ScramMechanism, scramHashes } from "./mechanisms.ts";

/** What a server keeps of a password (RFC 5802, 2.2). All binary values in base64. */
export interface ScramKeys {
  readonly salt: string;
  readonly iterations: number;
  readonly storedKey: string;
  readonly serverKey: string;
}

/** For new keys. RFC 7677, section 4, asks for 4096 at least and considerably more where clients allow it. */
export const scramIterations = 10_000;
/** Salts of new keys have this length, and so have those that unknown users are shown. */
export const scramSaltBytes = 16;

/**
 * The slow function of a password, `Hi` of RFC 5802, section 2.2: PBKDF2 with HMAC, as long as the hash.
 * `password` is prepared (OpaqueString).
 */
export type DeriveKey = (
  password: string,
  salt: Uint8Array,
  iterations: number,
  hash: ScramHash,
) => Promise<Uint8Array>;

/** `DeriveKey` on Node's thread pool; some milliseconds of one thread. */
export const pbkdf2: DeriveKey = (password, salt, iterations, hash) =>
  new Promise((resolve, reject) => {
    pbkdf2WithCallback(password, salt, iterations, hash.bytes, hash.name, (error, key) => {
      if (error) reject(error);
      else resolve(key);
    });
  });

export function hmac(hash: ScramHash, key: Uint8Array, data: string): Buffer {
  return createHmac(hash.name, key).update(data).digest();
}

function clientKeyOf(hash: ScramHash, saltedPassword: Uint8Array): Buffer {
  return hmac(hash, saltedPassword, "Client Key");
}

export function hashOf(hash: ScramHash, data: Uint8Array): Buffer {
  return createHash(hash.name).update(data).digest();
}

export function xor(left: Uint8Array, right: Uint8Array): Buffer {
  const result = Buffer.allocUnsafe(left.length);
  for (let i = 0; i < left.length; i++) result[i] = left[i]! ^ right[i]!;
  return result;
}

/** The keys of both sides (RFC 5802, section 3). A client may keep them instead of the password. */
export interface ScramClientKeys {
  readonly clientKey: Uint8Array;
  readonly storedKey: Uint8Array;
  readonly serverKey: Uint8Array;
}

export function scramClientKeys(mechanism: ScramMechanism, saltedPassword: Uint8Array): ScramClientKeys {
  const hash = scramHashes[mechanism];
  const clientKey = clientKeyOf(hash, saltedPassword);
  return {
    clientKey,
    storedKey: hashOf(hash, clientKey),
    serverKey: hmac(hash, saltedPassword, "Server Key"),
  };
}

/** The password, prepared and salted; `undefined` where it is not an OpaqueString (RFC 8265), such as an empty one. */
export async function saltPassword(
  mechanism: ScramMechanism,
  password: string,
  salt: Uint8Array,
  iterations: number,
  derive: DeriveKey = pbkdf2,
): Promise<Uint8Array | undefined> {
  const prepared = prepareOpaque(password);
  return prepared === undefined ? undefined : derive(prepared, salt, iterations, scramHashes[mechanism]);
}

/**
 * What to store of a new password for one mechanism.
 *
 * @param salt `scramSaltBytes` random bytes.
 * @returns `undefined` where the password is not an OpaqueString (RFC 8265), such as an empty one.
 */
export async function deriveScramKeys(
  mechanism: ScramMechanism,
  password: string,
  salt: Uint8Array,
  iterations: number = scramIterations,
  derive: DeriveKey = pbkdf2,
): Promise<ScramKeys | undefined> {
  const saltedPassword = await saltPassword(mechanism, password, salt, iterations, derive);
  if (saltedPassword === undefined) return undefined;
  const { storedKey, serverKey } = scramClientKeys(mechanism, saltedPassword);
  return {
    salt: encodeBase64(salt),
    iterations,
    storedKey: encodeBase64(storedKey),
    serverKey: encodeBase64(serverKey),
  };
}

/** `ScramKeys` as bytes. */
export interface ScramSecrets {
  readonly salt: Uint8Array;
  readonly iterations: number;
  readonly storedKey: Uint8Array;
  readonly serverKey: Uint8Array;
}

const maxIterations = 2 ** 31 - 1;

/** @returns `undefined` where what was stored cannot be keys of that mechanism. */
export function decodeScramKeys(mechanism: ScramMechanism, keys: ScramKeys): ScramSecrets | undefined {
  const { bytes } = scramHashes[mechanism];
  const salt = decodeBase64(keys.salt);
  const storedKey = decodeBase64(keys.storedKey);
  const serverKey = decodeBase64(keys.serverKey);
  const { iterations } = keys;
  const valid =
    salt !== undefined &&
    salt.length > 0 &&
    storedKey?.length === bytes &&
    serverKey?.length === bytes &&
    Number.isInteger(iterations) &&
    iterations > 0 &&
    iterations <= maxIterations;
  return valid ? { salt, iterations, storedKey, serverKey } : undefined;
}
