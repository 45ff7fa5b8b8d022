import { type DeriveKey, pbkdf2 } from "@rollcall/xmpp";

/** More passwords wait to be hashed than may. */
export class DerivationBusyError extends Error {
  override readonly name = "DerivationBusyError";
  readonly code = "derivation-busy";
  readonly retryable = true;
}

/**
 * Hashes passwords a few at a time, in order of arrival, so that PLAIN logins cannot occupy the whole thread pool.
 * @throws {DerivationBusyError} when `waiting` are waiting already.
 */
export function boundDerivation(concurrent: number, waiting: number, derive: DeriveKey = pbkdf2): DeriveKey {
  const queue: (() => void)[] = [];
  let running = 0;
  return async (...parameters) => {
    if (running >= concurrent) {
      if (queue.length >= waiting) throw new DerivationBusyError("too many passwords wait to be hashed");
      // Whoever finishes hands its place over.
      await new Promise<void>((resolve) => queue.push(resolve));
    } else {
      running++;
    }
    try {
      return await derive(...parameters);
    } finally {
      const next = queue.shift();
      if (next === undefined) running--;
      else next();
    }
  };
}
