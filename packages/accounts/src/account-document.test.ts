import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { RiakSibling } from "@rollcall/riak-client";
import {
  type AccountDocument,
  accountCodec,
  resolveSiblings,
  type StoredAccount,
} from "./account-document.ts";

const keys = { salt: "c2FsdA==", iterations: 4_096, storedKey: "c3RvcmVk", serverKey: "c2VydmVy" };
const document: AccountDocument = {
  scram: { "SCRAM-SHA-1": keys, "SCRAM-SHA-256": keys },
  disabled: false,
  createdAt: 1_000,
};

const sibling = (
  etag: string,
  second: number,
  change: Partial<AccountDocument> | "tombstone" | "unreadable" = {},
): RiakSibling<StoredAccount> => {
  const deleted = change === "tombstone";
  const value: StoredAccount =
    typeof change === "string"
      ? { kind: "unreadable" }
      : { kind: "account", document: { ...document, ...change } };
  const lastModified = new Date(second * 1_000).toUTCString();
  return { value: deleted ? undefined : value, deleted, meta: {}, etag, lastModified };
};

const winner = (...siblings: RiakSibling<StoredAccount>[]): string => {
  const outcomes = permutations(siblings).map((each) => {
    const stored = resolveSiblings(each);
    if (stored?.kind !== "account") return stored?.kind ?? "removed";
    const { createdAt, disabled } = stored.document;
    return `created ${createdAt}${disabled ? ", disabled" : ""}`;
  });
  assert.equal(new Set(outcomes).size, 1, "the order of the siblings decides nothing");
  return outcomes[0] as string;
};

describe("stored accounts", () => {
  test("an account comes back as it was stored", () => {
    const stored: StoredAccount = { kind: "account", document };
    assert.deepEqual(accountCodec.decode(bytes(accountCodec.encode(stored)), "application/json"), stored);
  });

  test("only keys, state and creation are stored", () => {
    const extra = { ...document, jid: "juliet@capulet.example", password: "secret" } as AccountDocument;
    assert.deepEqual(
      Object.keys(JSON.parse(String(accountCodec.encode({ kind: "account", document: extra })))),
      ["scram", "disabled", "createdAt"],
    );
  });

  test("an account written by hand needs no more than its keys", () => {
    const { scram } = document;
    assert.deepEqual(accountCodec.decode(bytes(JSON.stringify({ scram, note: "by hand" })), "text/plain"), {
      kind: "account",
      document: { scram, disabled: false, createdAt: 0 },
    });
  });

  test("anything else is unreadable", () => {
    const broken = (change: object) => ({
      ...document,
      scram: { ...document.scram, "SCRAM-SHA-1": { ...keys, ...change } },
    });
    for (const value of [
      null,
      1,
      "x",
      [],
      {},
      { scram: {} },
      { ...document, scram: { "SCRAM-SHA-1": keys } },
      { ...document, disabled: "no" },
      { ...document, createdAt: "yesterday" },
      broken({ salt: "" }),
      broken({ salt: "not base64!" }),
      broken({ iterations: 0 }),
      broken({ iterations: "4096" }),
      broken({ storedKey: undefined }),
      broken({ serverKey: 7 }),
    ]) {
      assert.deepEqual(
        accountCodec.decode(bytes(JSON.stringify(value)), ""),
        { kind: "unreadable" },
        JSON.stringify(value),
      );
    }
    assert.deepEqual(accountCodec.decode(bytes("{"), ""), { kind: "unreadable" });
  });
});

describe("siblings of an account", () => {
  test("the account created last wins, then the one modified last", () => {
    assert.equal(winner(sibling("a", 9), sibling("b", 1, { createdAt: 2_000 })), "created 2000");
    assert.equal(winner(sibling("b", 1), sibling("a", 2, { disabled: true })), "created 1000, disabled");
    assert.equal(winner(sibling("a", 2), sibling("b", 1, { disabled: true })), "created 1000");
  });

  test("of two equally new, the disabled one wins", () => {
    assert.equal(winner(sibling("b", 1), sibling("a", 1, { disabled: true })), "created 1000, disabled");
  });

  test("a removal wins over what is older, and loses to what is as new", () => {
    assert.equal(winner(sibling("a", 1), sibling("b", 2, "tombstone")), "removed");
    assert.equal(winner(sibling("a", 2), sibling("b", 2, "tombstone")), "created 1000");
    assert.equal(winner(sibling("a", 1, "tombstone"), sibling("b", 2, "tombstone")), "removed");
  });

  test("what cannot be read wins only where nothing can", () => {
    assert.equal(winner(sibling("a", 1), sibling("b", 9, "unreadable")), "created 1000");
    assert.equal(winner(sibling("a", 1, "unreadable"), sibling("b", 9, "unreadable")), "unreadable");
  });
});

function bytes(encoded: Uint8Array | string): Uint8Array {
  return Buffer.from(encoded as string);
}

function permutations<T>(items: readonly T[]): T[][] {
  if (items.length <= 1) return [[...items]];
  return items.flatMap((item, i) =>
    permutations(items.filter((_, j) => j !== i)).map((rest) => [item, ...rest]),
  );
}
