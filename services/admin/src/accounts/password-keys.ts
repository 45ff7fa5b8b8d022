import { randomBytes } from "node:crypto";
import type { Account, ScramKeys, ScramMechanism } from "@rollcall/accounts";
import { deriveScramKeys, prepareOpaque, scramSaltBytes } from "@rollcall/xmpp";
import type { Refusal } from "../refusal.ts";

/** Longer than any that people or generators make up; bounds the work on one. */
const passwordBytes = 1024;

export type PreparedPassword = { readonly kind: "password"; readonly password: string } | Refusal;

/** The password as both sides of SCRAM hash it (RFC 8265, OpaqueString). Messages never repeat it. */
export function preparePassword(text: string): PreparedPassword {
  if (text === "") return bad("the password is empty");
  if (Buffer.byteLength(text) > passwordBytes)
    return bad(`the password is longer than ${passwordBytes} bytes`);
  const password = prepareOpaque(text);
  return password === undefined
    ? bad("the password has a character that RFC 8265 does not allow")
    : { kind: "password", password };
}

function bad(message: string): Refusal {
  return { kind: "refused", reason: "bad-password", message };
}

/**
 * New keys of a prepared password for every mechanism. PBKDF2 runs in the thread pool.
 * @throws {TypeError} when the password is not prepared.
 */
export async function derivePasswordKeys(password: string, iterations: number): Promise<Account["scram"]> {
  const [sha1, sha256] = await Promise.all([
    deriveKeys("SCRAM-SHA-1", password, randomBytes(scramSaltBytes), iterations),
    deriveKeys("SCRAM-SHA-256", password, randomBytes(scramSaltBytes), iterations),
  ]);
  return { "SCRAM-SHA-1": sha1, "SCRAM-SHA-256": sha256 };
}

/** Whether the keys are of this prepared password. */
export async function isPasswordOf(scram: Account["scram"], password: string): Promise<boolean> {
  const { salt, iterations, storedKey } = scram["SCRAM-SHA-256"];
  const derived = await deriveKeys("SCRAM-SHA-256", password, Buffer.from(salt, "base64"), iterations);
  return derived.storedKey === storedKey;
}

async function deriveKeys(
  mechanism: ScramMechanism,
  password: string,
  salt: Buffer,
  iterations: number,
): Promise<ScramKeys> {
  const keys = await deriveScramKeys(mechanism, password, salt, iterations);
  if (keys === undefined) throw new TypeError("the password is not prepared");
  return keys;
}
