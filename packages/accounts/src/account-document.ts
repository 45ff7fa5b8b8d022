/** An account as it is stored: JSON under the bare JID as key. */
import type { RiakSibling, ValueCodec } from "@rollcall/riak-client";
import type { Account, ScramKeys } from "./account-store.ts";

export type AccountDocument = Omit<Account, "jid">;

/** What a stored value is: a document, or something else that somebody put there. */
export type StoredAccount =
  | { readonly kind: "account"; readonly document: AccountDocument }
  | { readonly kind: "unreadable" };

const unreadable: StoredAccount = { kind: "unreadable" };
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;

export const accountCodec: ValueCodec<StoredAccount> = {
  contentType: "application/json",
  encode(stored) {
    if (stored.kind === "unreadable") throw new TypeError("nothing to store");
    const { scram, disabled, createdAt } = stored.document;
    return JSON.stringify({ scram, disabled, createdAt });
  },
  /** Never throws: an account that cannot be read can still be replaced. */
  decode(body) {
    try {
      return readDocument(
        JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString("utf8")),
      );
    } catch {
      return unreadable;
    }
  },
};

function readDocument(value: unknown): StoredAccount {
  const { scram, disabled = false, createdAt = 0 } = value as Partial<Record<keyof AccountDocument, unknown>>;
  if (typeof disabled !== "boolean" || typeof createdAt !== "number") return unreadable;
  const { "SCRAM-SHA-1": sha1, "SCRAM-SHA-256": sha256 } = scram as Record<string, unknown>;
  if (!isScramKeys(sha1) || !isScramKeys(sha256)) return unreadable;
  const keys = { "SCRAM-SHA-1": sha1, "SCRAM-SHA-256": sha256 };
  return { kind: "account", document: { scram: keys, disabled, createdAt } };
}

function isScramKeys(value: unknown): value is ScramKeys {
  const { salt, iterations, storedKey, serverKey } = value as Partial<Record<keyof ScramKeys, unknown>>;
  return (
    isBase64(salt) &&
    isBase64(storedKey) &&
    isBase64(serverKey) &&
    Number.isSafeInteger(iterations) &&
    (iterations as number) > 0
  );
}

function isBase64(value: unknown): boolean {
  return typeof value === "string" && BASE64.test(value);
}

/**
 * Decides between values that were written at the same time. The newest account wins: by creation, then by
 * modification (seconds), then a disabled one over an enabled one, then by etag, so that every reader decides alike.
 * A removal wins over what is older than it by the second; what cannot be read loses to anything that can.
 *
 * @returns `undefined` where the account was removed.
 */
export function resolveSiblings(siblings: readonly RiakSibling<StoredAccount>[]): StoredAccount | undefined {
  let winner: Contender | undefined;
  let removedAt = Number.NEGATIVE_INFINITY;
  let alive = false;
  for (const { value, deleted, etag, lastModified } of siblings) {
    const modifiedAt = lastModified === undefined ? 0 : Date.parse(lastModified) || 0;
    if (deleted || value === undefined) {
      removedAt = Math.max(removedAt, modifiedAt);
      continue;
    }
    alive = true;
    if (value.kind === "unreadable") continue;
    const contender = { stored: value, document: value.document, modifiedAt, etag };
    if (winner === undefined || isNewer(contender, winner)) winner = contender;
  }
  if (winner !== undefined) return removedAt > winner.modifiedAt ? undefined : winner.stored;
  return alive ? unreadable : undefined;
}

interface Contender {
  readonly stored: StoredAccount;
  readonly document: AccountDocument;
  readonly modifiedAt: number;
  readonly etag: string;
}

function isNewer(one: Contender, other: Contender): boolean {
  if (one.document.createdAt !== other.document.createdAt) {
    return one.document.createdAt > other.document.createdAt;
  }
  if (one.modifiedAt !== other.modifiedAt) return one.modifiedAt > other.modifiedAt;
  if (one.document.disabled !== other.document.disabled) return one.document.disabled;
  return one.etag > other.etag;
}
