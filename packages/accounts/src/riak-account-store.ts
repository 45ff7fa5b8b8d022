import { type Bucket, type Fetched, type RiakClient, RiakError } from "@rollcall/riak-client";
import { type BareJid, parseJid } from "@rollcall/xmpp";
import { accountCodec, resolveSiblings, type StoredAccount } from "./account-document.ts";
import {
  type Account,
  type AccountStore,
  AccountUnreadableError,
  StoreUnavailableError,
} from "./account-store.ts";
import { BoundedMap } from "./bounded-map.ts";

export const DEFAULT_ACCOUNT_BUCKET = "accounts";

/** What the bucket must have, so that a stale write makes a sibling instead of wiping a newer password. */
export const accountBucketProperties = { allow_mult: true, dvv_enabled: true } as const;

export interface RiakAccountStoreOptions {
  readonly client: RiakClient;
  /** Default `accounts`. */
  readonly bucket?: string | undefined;
  /** Accounts whose decoded form is kept; each use still asks Riak whether it has changed. Default 10,000. */
  readonly cachedAccounts?: number | undefined;
  /** How long `exists` may say yes without asking. Milliseconds. Default 3,000. */
  readonly existsMs?: number | undefined;
  /** Accounts that `exists` remembers. Default 50,000. */
  readonly rememberedAccounts?: number | undefined;
  /** Milliseconds; any origin. */
  readonly now?: (() => number) | undefined;
}

/** How often `put` writes again because somebody else wrote at the same time. */
const WRITE_ATTEMPTS = 4;

/** One JSON object per account in Riak, under the bare JID. */
export function createRiakAccountStore(options: RiakAccountStoreOptions): AccountStore {
  return new RiakAccountStore(options);
}

interface CachedAccount {
  readonly etag: string;
  readonly account: Account;
}

class RiakAccountStore implements AccountStore {
  readonly #bucket: Bucket<StoredAccount>;
  readonly #accounts: BoundedMap<BareJid, CachedAccount>;
  /** When an account was last seen to be there. */
  readonly #seen: BoundedMap<BareJid, number>;
  readonly #existsMs: number;
  /** Writes made through this store; what was asked before one is not remembered after it. */
  #writes = 0;
  readonly #now: () => number;

  constructor(options: RiakAccountStoreOptions) {
    const name = options.bucket ?? DEFAULT_ACCOUNT_BUCKET;
    this.#bucket = options.client.bucket({ name, codec: accountCodec });
    this.#accounts = new BoundedMap(options.cachedAccounts ?? 10_000);
    this.#seen = new BoundedMap(options.rememberedAccounts ?? 50_000);
    this.#existsMs = options.existsMs ?? 3_000;
    this.#now = options.now ?? (() => performance.now());
  }

  async find(jid: BareJid): Promise<Account | undefined> {
    const asked = { at: this.#now(), writes: this.#writes };
    const cached = this.#accounts.get(jid);
    const fetched = await this.#get(jid, cached?.etag);
    if (fetched.kind === "unchanged") {
      this.#remember(jid, asked);
      return cached?.account;
    }
    const stored = storedIn(fetched);
    if (stored !== undefined) this.#remember(jid, asked);
    if (stored?.kind !== "account") {
      this.#accounts.delete(jid);
      if (stored === undefined) return undefined;
      throw new AccountUnreadableError("the stored account is not an account");
    }
    const account = { jid, ...stored.document };
    if (fetched.kind !== "missing" && fetched.etag !== undefined) {
      this.#accounts.set(jid, { etag: fetched.etag, account });
    }
    return account;
  }

  async exists(jid: BareJid): Promise<boolean> {
    const seenAt = this.#seen.get(jid);
    if (seenAt !== undefined && this.#now() - seenAt < this.#existsMs) return true;
    try {
      return (await this.find(jid)) !== undefined;
    } catch (error) {
      if (error instanceof AccountUnreadableError) return true;
      throw error;
    }
  }

  async put(account: Account): Promise<"created" | "replaced"> {
    const { jid, ...document } = account;
    const fetched = await this.#get(jid, undefined);
    const outcome = storedIn(fetched) === undefined ? "created" : "replaced";
    let context = fetched.kind === "unchanged" ? undefined : fetched.context;
    try {
      for (let attempt = 0; attempt < WRITE_ATTEMPTS; attempt++) {
        const stored = await unavailable(() =>
          this.#bucket.put(jid, { kind: "account", document }, { context }),
        );
        if (stored.kind === "stored") return outcome;
        // Another admin wrote as well. The later write wins, so this one goes over all of them.
        context = stored.context;
      }
    } finally {
      this.forget(jid);
    }
    throw new StoreUnavailableError("the account is being written by too many others");
  }

  async remove(jid: BareJid): Promise<boolean> {
    try {
      // Without a context: whatever is there goes, whoever has written it meanwhile.
      return (await unavailable(() => this.#bucket.delete(jid))) === "deleted";
    } finally {
      this.forget(jid);
    }
  }

  async *list(): AsyncIterable<BareJid> {
    try {
      for await (const key of this.#bucket.keys()) {
        const bare = parseJid(key)?.bare;
        // A key that is no canonical bare JID was put there by hand, and nobody can log in as it.
        if (bare === key) yield bare;
      }
    } catch (error) {
      throw unavailableError(error);
    }
  }

  #get(jid: BareJid, ifNoneMatch: string | undefined): Promise<Fetched<StoredAccount>> {
    return unavailable(() => this.#bucket.get(jid, { ifNoneMatch }));
  }

  forget(jid: BareJid): void {
    this.#writes++;
    this.#accounts.delete(jid);
    this.#seen.delete(jid);
  }

  #remember(jid: BareJid, asked: { readonly at: number; readonly writes: number }): void {
    if (asked.writes === this.#writes) this.#seen.set(jid, asked.at);
  }
}

function storedIn(fetched: Fetched<StoredAccount>): StoredAccount | undefined {
  switch (fetched.kind) {
    case "found":
      return fetched.value;
    case "siblings":
      return resolveSiblings(fetched.siblings);
    case "missing":
    case "unchanged":
      return undefined;
  }
}

async function unavailable<R>(operation: () => Promise<R>): Promise<R> {
  try {
    return await operation();
  } catch (error) {
    throw unavailableError(error);
  }
}

function unavailableError(error: unknown): unknown {
  if (!(error instanceof RiakError)) return error;
  return new StoreUnavailableError(`accounts: ${error.message}`, { cause: error });
}
