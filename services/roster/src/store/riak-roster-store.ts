import { StoreUnavailableError } from "@rollcall/accounts";
import {
  type Bucket,
  type BucketOptions,
  type Fetched,
  type RiakClient,
  RiakError,
  type RiakSibling,
  type Stored,
  type ValueCodec,
} from "@rollcall/riak-client";
import type { Clock } from "@rollcall/runtime";
import { activeSpan, type Logger, type Span, withSpan } from "@rollcall/telemetry";
import type { BareJid } from "@rollcall/xmpp";
import { AccountTurns } from "./account-turns.ts";
import { encodeMeta, fitToMeta } from "./document-meta.ts";
import {
  adoptDocument,
  editsBetween,
  mergeDocuments,
  type Reconciled,
  type Sibling,
} from "./reconcile-documents.ts";
import { type CachedRoster, RosterCache } from "./roster-cache.ts";
import {
  applyDecision,
  decodeDocument,
  digestOf,
  emptyDocument,
  emptySince,
  encodeBody,
  type Fragments,
  type RosterDocument,
} from "./roster-document.ts";
import {
  type Committed,
  type Decision,
  type RosterEdits,
  type RosterStore,
  RosterUnreadableError,
  type StoredRoster,
} from "./roster-store.ts";

export const DEFAULT_ROSTER_BUCKET = "xmpp";

/** What the bucket must have: without it a write by hand, or a stale one, wipes what it does not name. */
export const rosterBucketProperties = { allow_mult: true, dvv_enabled: true } as const;

/** Numbers of the store; counted with `field++`. */
export class RosterStoreCounters {
  reads = 0;
  cacheHits = 0;
  writes = 0;
  /** Times that siblings were merged. */
  merges = 0;
  /** Writes that met one of somebody else, and were made again. */
  conflicts = 0;
  /** Rosters taken over that were written by hand. */
  adoptions = 0;
  /** Siblings left out because they were no rosters. */
  unreadableSiblings = 0;
  failures = 0;
}

export interface RiakRosterStoreOptions {
  readonly client: RiakClient;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Default `xmpp`. */
  readonly bucket?: string | undefined;
  /** Who has to answer and to acknowledge, and for how long; left out: the bucket's properties, the client's time. */
  readonly quorum?: Pick<BucketOptions<string>, "r" | "w" | "dw" | "pr" | "pw" | "timeoutMs"> | undefined;
  /** Accounts whose decoded roster is kept; each use still asks Riak whether it has changed. Default 1,000. */
  readonly cachedAccounts?: number | undefined;
  /** Contacts in all of those together, large ones counting as several. Default 10,000. */
  readonly cachedContacts?: number | undefined;
  readonly counters?: RosterStoreCounters | undefined;
}

/** Accounts with a write that may or may not have happened; of one that is forgotten, clients hear at their next login. */
const MAX_UNCERTAIN = 10_000;

/** How often an update writes again because somebody else wrote at the same time. */
const WRITE_ATTEMPTS = 5;

const decoder = new TextDecoder("utf-8", { fatal: true });

const bodyCodec: ValueCodec<string> = {
  contentType: "application/json",
  encode: (body) => body,
  decode: (body) => decoder.decode(body),
};

interface Operation {
  /** What it is a step of. */
  readonly span: Span | undefined;
  /** The account changed owners since it began: what it finds out must not be remembered. */
  isForgotten: boolean;
}

/** A roster as it was read, and what has to be known to write it. */
interface Found {
  readonly document: RosterDocument;
  readonly fragments: Fragments;
  readonly context: string | undefined;
  readonly edits: RosterEdits | undefined;
  /** The roster as clients know it, where that is another one: they hear of it when the operation succeeds. */
  readonly told?: RosterDocument | undefined;
  /** Has to be written even without a change: it is not stored like this yet. */
  readonly isNew: boolean;
}

/**
 * One JSON object per account in Riak, under the bare JID.
 *
 * Every operation asks Riak whether the roster has changed, because people write there too; a roster that has not is
 * taken from the cache with everything derived from it.
 */
export function createRiakRosterStore(options: RiakRosterStoreOptions): RosterStore {
  return new RiakRosterStore(options);
}

class RiakRosterStore implements RosterStore {
  readonly #bucket: Bucket<string>;
  readonly #cache: RosterCache;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #counters: RosterStoreCounters;
  readonly #turns = new AccountTurns();
  /** Rosters as they were told to clients, before writes that failed and may have happened all the same. */
  readonly #uncertain = new Map<BareJid, RosterDocument>();
  /** Operations under way; there is one at a time for an account. */
  readonly #underWay = new Map<BareJid, Operation>();

  constructor(options: RiakRosterStoreOptions) {
    const name = options.bucket ?? DEFAULT_ROSTER_BUCKET;
    this.#bucket = options.client.bucket({ ...options.quorum, name, codec: bodyCodec });
    this.#cache = new RosterCache(options.cachedAccounts ?? 1_000, options.cachedContacts ?? 10_000);
    this.#clock = options.clock;
    this.#logger = options.logger;
    this.#counters = options.counters ?? new RosterStoreCounters();
  }

  load(owner: BareJid, seen?: (stored: StoredRoster) => void): Promise<StoredRoster> {
    return this.update(owner, () => ({ changes: [], result: undefined }), seen);
  }

  update<R>(
    owner: BareJid,
    decide: (stored: StoredRoster) => Decision<R>,
    seen?: (committed: Committed<R>) => void,
  ): Promise<Committed<R>> {
    return this.#turns.run(owner, async () => {
      const operation: Operation = { span: activeSpan(), isForgotten: false };
      this.#underWay.set(owner, operation);
      try {
        return await this.#available(() => this.#update(owner, operation, decide, seen));
      } finally {
        this.#underWay.delete(owner);
      }
    });
  }

  remove(owner: BareJid): Promise<void> {
    return this.#turns.run(owner, () =>
      this.#available(async () => {
        this.#cache.delete(owner);
        this.#uncertain.delete(owner);
        await this.#bucket.delete(owner);
      }),
    );
  }

  forget(isForgotten: (owner: BareJid) => boolean): void {
    this.#cache.deleteAll(isForgotten);
    for (const [owner, operation] of this.#underWay) if (isForgotten(owner)) operation.isForgotten = true;
    for (const owner of this.#uncertain.keys()) if (isForgotten(owner)) this.#uncertain.delete(owner);
  }

  async #update<R>(
    owner: BareJid,
    operation: Operation,
    decide: (stored: StoredRoster) => Decision<R>,
    seen: ((committed: Committed<R>) => void) | undefined,
  ): Promise<Committed<R>> {
    let found = await this.#read(owner, operation);
    for (let attempt = 0; attempt < WRITE_ATTEMPTS; attempt += 1) {
      const { document: before, edits } = found;
      const deciding = operation.span?.child("decide");
      const decision = decide({ roster: before.roster, commands: before.commands, edits });
      const changed = applyDecision(before, decision);
      const written = changed !== before || found.isNew;
      deciding?.set({ "xmpp.roster.written": written });
      deciding?.end();
      let conflict: Found | undefined;
      let after = before;
      if (written) {
        after = fitToMeta(changed);
        conflict = await this.#write(owner, after, found, operation);
      }
      if (conflict === undefined) {
        const { roster, commands } = after;
        const committed = { roster, commands, edits, result: decision.result, written };
        withSpan(operation.span, () => seen?.(committed));
        return committed;
      }
      this.#counters.conflicts++;
      found = conflict;
    }
    throw new StoreUnavailableError("the roster is being written by too many others");
  }

  async #read(owner: BareJid, operation: Operation): Promise<Found> {
    const cached = this.#cache.get(owner);
    this.#counters.reads++;
    const fetched = await this.#bucket.get(owner, { ifNoneMatch: cached?.etag });
    return withSpan(operation.span, () => this.#understand(owner, fetched, cached, operation));
  }

  #understand(
    owner: BareJid,
    fetched: Fetched<string>,
    cached: CachedRoster | undefined,
    operation: Operation,
  ): Found {
    const uncertain = this.#uncertain.get(owner);
    const known = uncertain ?? cached?.document;
    switch (fetched.kind) {
      case "unchanged":
        if (cached === undefined) throw new StoreUnavailableError("unchanged since never");
        this.#counters.cacheHits++;
        return { ...cached, ...this.#untold(owner, cached.document), isNew: false };
      case "missing":
        return this.#missing(owner, known, fetched.context);
      case "siblings":
        return { ...this.#merge(owner, fetched.siblings, fetched.context, known, undefined), told: known };
      case "found": {
        const decoded = decodeDocument(owner, fetched.value, fetched.meta);
        const { context, etag } = fetched;
        if (decoded.document !== undefined) {
          const { length } = fetched.value;
          const entry = { etag, context, document: decoded.document, fragments: new Map(), length };
          this.#remember(owner, entry, operation);
          return { ...entry, ...this.#untold(owner, decoded.document), isNew: false };
        }
        this.#counters.adoptions++;
        this.#logger.info({ event: "roster.adopted", account: owner });
        const reconciled = adoptDocument(decoded, known, this.#clock.now());
        return { ...reconciled, fragments: new Map(), context, told: known, isNew: true };
      }
    }
  }

  /** What a write whose outcome nobody knew has changed after all: nobody was told of it. */
  #untold(owner: BareJid, { roster }: RosterDocument): Pick<Found, "edits" | "told"> {
    const told = this.#uncertain.get(owner);
    this.#uncertain.delete(owner);
    return { edits: told && editsBetween(told.roster, roster, told.roster.version), told };
  }

  /**
   * No roster. If this process knows of one, somebody has deleted it, or vnodes that have it are away: clients are told,
   * but nothing is written that would take the contacts away again when they return.
   */
  #missing(owner: BareJid, known: RosterDocument | undefined, context: string | undefined): Found {
    const fragments: Fragments = new Map();
    if (known === undefined || known.roster.contacts.size === 0) {
      // What a tombstone stands for had versions, which clients may know.
      const document = context === undefined ? emptyDocument : emptySince(this.#clock.now());
      return { document, fragments, context, edits: undefined, isNew: false };
    }
    this.#cache.delete(owner);
    this.#logger.warn({ event: "roster.gone", account: owner, contacts: known.roster.contacts.size });
    const { document, edits } = adoptDocument(decodeDocument(owner, "{}", {}), known, this.#clock.now());
    const roster = { ...document.roster, removed: new Map() };
    return { document: { ...document, roster }, fragments, context, edits, isNew: false };
  }

  #merge(
    owner: BareJid,
    siblings: readonly RiakSibling<string>[],
    context: string,
    known: RosterDocument | undefined,
    earlier: RosterEdits | undefined,
  ): Found {
    this.#counters.merges++;
    const readable: Sibling[] = [];
    for (const { value, meta, lastModified } of siblings) {
      if (value === undefined) continue;
      try {
        const decoded = decodeDocument(owner, value, meta);
        readable.push({ decoded, writtenAt: Date.parse(lastModified ?? "") || 0 });
      } catch (error) {
        if (!(error instanceof RosterUnreadableError)) throw error;
        this.#counters.unreadableSiblings++;
        this.#logger.warn({ event: "roster.sibling-left-out", account: owner, error });
      }
    }
    this.#logger.info({ event: "roster.merged", account: owner, siblings: siblings.length });
    const reconciled: Reconciled =
      readable.length === 0
        ? { document: known ?? emptyDocument, edits: undefined }
        : mergeDocuments(readable, known, this.#clock.now());
    return {
      document: reconciled.document,
      edits: joinEdits(earlier, reconciled.edits),
      fragments: new Map(),
      context,
      isNew: true,
    };
  }

  /** Writes, and answers what to go on from where others have written too. */
  async #write(
    owner: BareJid,
    document: RosterDocument,
    found: Found,
    operation: Operation,
  ): Promise<Found | undefined> {
    const { fragments } = found;
    const body = encodeBody(document, fragments);
    const meta = encodeMeta(document, digestOf(body));
    this.#counters.writes++;
    let stored: Stored<string>;
    try {
      stored = await withSpan(operation.span, () =>
        this.#bucket.put(owner, body, { context: found.context, meta }),
      );
    } catch (error) {
      const isUncertain = error instanceof RiakError && error.maybeWritten;
      if (isUncertain || found.edits !== undefined) this.#noteUncertain(owner, found, operation);
      throw error;
    }
    if (stored.kind === "stored") {
      this.#uncertain.delete(owner);
      const { etag, context } = stored;
      this.#remember(owner, { etag, context, document, fragments, length: body.length }, operation);
      return undefined;
    }
    const merged = withSpan(operation.span, () =>
      this.#merge(owner, stored.siblings, stored.context, document, found.edits),
    );
    return { ...merged, told: found.told ?? found.document };
  }

  #remember(owner: BareJid, entry: CachedRoster, operation: Operation): void {
    if (operation.isForgotten) this.#cache.delete(owner);
    else this.#cache.set(owner, entry);
  }

  #noteUncertain(owner: BareJid, found: Found, operation: Operation): void {
    if (operation.isForgotten || this.#uncertain.has(owner)) return;
    this.#uncertain.set(owner, found.told ?? this.#cache.get(owner)?.document ?? found.document);
    if (this.#uncertain.size <= MAX_UNCERTAIN) return;
    for (const oldest of this.#uncertain.keys()) {
      this.#uncertain.delete(oldest);
      return;
    }
  }

  async #available<T>(operation: () => Promise<T>): Promise<T> {
    try {
      return await operation();
    } catch (error) {
      if (!(error instanceof RiakError)) throw error;
      this.#counters.failures++;
      if (error.code === "bad-value")
        throw new RosterUnreadableError("the stored roster is not text", { cause: error });
      throw new StoreUnavailableError(`rosters: ${error.message}`, { cause: error });
    }
  }
}

function joinEdits(a: RosterEdits | undefined, b: RosterEdits | undefined): RosterEdits | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  const both = (x: readonly BareJid[] = [], y: readonly BareJid[] = []): BareJid[] => [
    ...new Set([...x, ...y]),
  ];
  return {
    contacts: both(a.contacts, b.contacts),
    since: Math.min(a.since, b.since),
    granted: both(a.granted, b.granted),
    revoked: both(a.revoked, b.revoked),
  };
}
