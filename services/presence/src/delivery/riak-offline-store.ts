/**
 * Offline messages in Riak: one JSON object per account, under its bare JID, so that the quota and the order are kept
 * with one read and one write.
 *
 * An account has one writer. Two can meet for a moment while an account changes owners; then Riak keeps siblings, and
 * the next read unites them: a message that one side had delivered may come twice, none is lost.
 */
import { StoreUnavailableError } from "@rollcall/accounts";
import { type Bucket, type RiakClient, RiakError, type ValueCodec } from "@rollcall/riak-client";
import type { BareJid } from "@rollcall/xmpp";
import { exceedsQuota } from "./memory-offline-store.ts";
import type { OfflineMessage, OfflineQuota, OfflineStore } from "./offline-store.ts";
import { RecentMessagesCache } from "./recent-messages.ts";

export const DEFAULT_OFFLINE_BUCKET = "offline";

/** What the bucket must have, so that two writers leave siblings instead of one wiping the other's messages. */
export const offlineBucketProperties = { allow_mult: true, dvv_enabled: true } as const;

export interface RiakOfflineStoreOptions {
  readonly client: Pick<RiakClient, "bucket">;
  readonly quota: OfflineQuota;
  /** Default `offline`. */
  readonly bucket?: string | undefined;
}

/** How often a change is made again because somebody else wrote at the same time. */
const WRITE_ATTEMPTS = 4;
/** What is kept in memory of the accounts that got messages most recently. */
const RECENT_CHARACTERS = 8_388_608;

interface OfflineDocument {
  readonly messages: readonly OfflineMessage[];
}

interface Current {
  readonly messages: readonly OfflineMessage[];
  readonly context: string | undefined;
}

/** Checks what is read: the object may have been written by anybody. */
const offlineCodec: ValueCodec<OfflineDocument> = {
  contentType: "application/json",
  encode: (document) => JSON.stringify(document),
  decode(body) {
    const json: unknown = JSON.parse(Buffer.from(body).toString("utf8"));
    const messages = (json as Partial<OfflineDocument> | null)?.messages;
    if (!Array.isArray(messages) || !messages.every(isMessage)) throw new Error("not offline messages");
    return { messages };
  },
};

function isMessage(value: unknown): value is OfflineMessage {
  const message = value as Partial<OfflineMessage> | null;
  return typeof message?.id === "string" && typeof message.xml === "string" && typeof message.at === "number";
}

export function createRiakOfflineStore(options: RiakOfflineStoreOptions): OfflineStore {
  return new RiakOfflineStore(options);
}

class RiakOfflineStore implements OfflineStore {
  readonly #bucket: Bucket<OfflineDocument>;
  readonly #quota: OfflineQuota;
  readonly #recent = new RecentMessagesCache(RECENT_CHARACTERS);

  constructor(options: RiakOfflineStoreOptions) {
    this.#bucket = options.client.bucket({
      name: options.bucket ?? DEFAULT_OFFLINE_BUCKET,
      codec: offlineCodec,
    });
    this.#quota = options.quota;
  }

  append(account: BareJid, message: OfflineMessage): Promise<"stored" | "full"> {
    return unavailable(async () => {
      const current = await this.#current(account);
      // A repetition of a write that was performed after all.
      if (current.messages.some((kept) => kept.id === message.id)) return "stored";
      if (exceedsQuota(current.messages, message, this.#quota)) return "full";
      await this.#write(account, current, (messages) =>
        messages.some((kept) => kept.id === message.id) ? messages : [...messages, message],
      );
      return "stored";
    });
  }

  read(account: BareJid): Promise<readonly OfflineMessage[]> {
    return unavailable(async () => (await this.#current(account)).messages);
  }

  removeDelivered(account: BareJid, ids: ReadonlySet<string>): Promise<void> {
    return unavailable(async () => {
      const current = await this.#current(account);
      const keep = (messages: readonly OfflineMessage[]): readonly OfflineMessage[] =>
        messages.filter((message) => !ids.has(message.id));
      const rest = keep(current.messages);
      if (rest.length === 0) await this.#bucket.delete(account, current.context);
      else if (rest.length < current.messages.length) await this.#write(account, current, keep);
    });
  }

  remove(account: BareJid): Promise<void> {
    return unavailable(async () => {
      await this.#bucket.delete(account);
    });
  }

  async #current(account: BareJid): Promise<Current> {
    const recent = this.#recent.get(account);
    const fetched = await this.#bucket.get(account, { ifNoneMatch: recent?.etag });
    if (fetched.kind !== "unchanged") this.#recent.delete(account);
    switch (fetched.kind) {
      case "found": {
        const { context, etag, value } = fetched;
        this.#recent.set(account, { context, etag, messages: value.messages });
        return { context, messages: value.messages };
      }
      case "siblings":
        return {
          messages: unite(fetched.siblings.map((sibling) => sibling.value)),
          context: fetched.context,
        };
      case "missing":
        return { messages: [], context: fetched.context };
      case "unchanged":
        if (recent !== undefined) return recent;
        throw new RiakError("bad-response", "a read without condition was answered as unchanged");
    }
  }

  async #write(
    account: BareJid,
    current: Current,
    change: (messages: readonly OfflineMessage[]) => readonly OfflineMessage[],
  ): Promise<void> {
    let { messages, context } = current;
    for (let attempt = 0; attempt < WRITE_ATTEMPTS; attempt += 1) {
      const changed = change(messages);
      const stored = await this.#bucket.put(account, { messages: changed }, { context });
      if (stored.kind === "stored") {
        this.#recent.set(account, { context: stored.context, etag: stored.etag, messages: changed });
        return;
      }
      messages = unite(stored.siblings.map((sibling) => sibling.value));
      context = stored.context;
    }
    throw new RiakError("overloaded", "too many writers of one account's offline messages", {
      maybeWritten: true,
    });
  }
}

/** All messages of all siblings, oldest first; the result does not depend on the order of the siblings. */
function unite(documents: readonly (OfflineDocument | undefined)[]): readonly OfflineMessage[] {
  const byId = new Map<string, OfflineMessage>();
  for (const document of documents) {
    for (const message of document?.messages ?? []) byId.set(message.id, message);
  }
  return [...byId.values()].sort((a, b) => a.at - b.at || (a.id < b.id ? -1 : 1));
}

async function unavailable<R>(operation: () => Promise<R>): Promise<R> {
  try {
    return await operation();
  } catch (error) {
    if (!(error instanceof RiakError)) throw error;
    throw new StoreUnavailableError(`offline messages: ${error.message}`, { cause: error });
  }
}
