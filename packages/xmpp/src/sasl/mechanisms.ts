/** The SCRAM mechanisms without their variant; an account has keys for each. */
export type ScramMechanism = "SCRAM-SHA-1" | "SCRAM-SHA-256";
export type SaslMechanism = ScramMechanism | `${ScramMechanism}-PLUS` | "PLAIN";

export interface ScramHash {
  /** As node:crypto calls it. */
  readonly name: "sha1" | "sha256";
  readonly bytes: number;
}

export const scramHashes: Readonly<Record<ScramMechanism, ScramHash>> = {
  "SCRAM-SHA-1": { name: "sha1", bytes: 20 },
  "SCRAM-SHA-256": { name: "sha256", bytes: 32 },
};

/** Every mechanism that `beginSasl` knows, strongest first, the order in which to offer them (RFC 6120, 6.3.3). */
export const saslMechanisms: readonly SaslMechanism[] = [
  "SCRAM-SHA-256-PLUS",
  "SCRAM-SHA-1-PLUS",
  "SCRAM-SHA-256",
  "SCRAM-SHA-1",
  "PLAIN",
];

export function isSaslMechanism(name: string): name is SaslMechanism {
  return (saslMechanisms as readonly string[]).includes(name);
}
