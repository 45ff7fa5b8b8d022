import { JetStreamApiError, type JetStreamClient, jetstream, StorageType } from "@nats-io/jetstream";
import { type KV, Kvm, type KvWatchEntry } from "@nats-io/kv";
import type { NatsConnection } from "@nats-io/transport-node";
import type { LeaseEntry, LeaseResult } from "./lease-actions.ts";
import { decodeRecord, parseLeaseKey } from "./lease-records.ts";

/** The client's interface leaves out this method that its buckets have. */
type Bucket = KV & { purgeDeletes(olderThanMs: number): Promise<unknown> };

/** Codes of JetStream that say: the revision you named is not the last one. */
const WRONG_LAST_SEQUENCE: readonly number[] = [10_071, 10_164];
/** Markers of instances that left this long ago are of no use to anybody. */
const MARKERS_KEPT_MS = 3_600_000;

/** The bucket of a service's leases, as the rules of leases want it: results, never exceptions. */
export class LeaseBucket {
  readonly #kv: Bucket;

  private constructor(kv: Bucket) {
    this.#kv = kv;
  }

  /** Opens the bucket and makes it where it does not exist. @throws whatever JetStream says; asking again is safe. */
  static async open(
    connection: NatsConnection,
    name: string,
    replicas: number,
    timeoutMs: number,
  ): Promise<LeaseBucket> {
    const js: JetStreamClient = jetstream(connection, { timeout: timeoutMs });
    const kv = await new Kvm(js).create(name, {
      history: 1,
      replicas,
      // A memory bucket forgets what it acknowledged when its server restarts.
      storage: StorageType.File,
      // Reads have to see what refused a write, so they go to the leader.
      allow_direct: false,
    });
    return new LeaseBucket(kv as Bucket);
  }

  async write(key: string, value: string, revision: number): Promise<LeaseResult> {
    try {
      return { kind: "written", revision: await this.#kv.put(key, value, { previousSeq: revision }) };
    } catch (error) {
      return refusal(error);
    }
  }

  async delete(key: string, revision: number): Promise<LeaseResult> {
    try {
      await this.#kv.delete(key, { previousSeq: revision });
    } catch (error) {
      return refusal(error);
    }
    // Deleting does not tell the revision of the marker.
    return await this.read(key);
  }

  async read(key: string): Promise<LeaseResult> {
    try {
      const entry = await this.#kv.get(key);
      if (entry === null) return { kind: "entry", entry: { revision: 0, record: undefined } };
      const text = entry.operation === "PUT" ? entry.string() : undefined;
      return { kind: "entry", entry: entryOf(key, entry.revision, text) };
    } catch {
      return { kind: "failed" };
    }
  }

  /** Removes what instances of long ago left behind. */
  async tidy(): Promise<void> {
    await this.#kv.purgeDeletes(MARKERS_KEPT_MS);
  }

  /**
   * Every entry and then every change, in the order of revisions, until `stop` or until NATS ends it.
   * `begins` is called before the first one, with the last revision of the bucket; `caughtUp` once, when what was there
   * has been told.
   */
  async watch({
    begins,
    seen,
    caughtUp,
  }: {
    readonly begins: (last: number) => void;
    readonly seen: (key: string, entry: LeaseEntry) => void;
    readonly caughtUp: () => void;
  }): Promise<{ readonly ended: Promise<void>; stop(): void }> {
    const { values, streamInfo } = await this.#kv.status();
    const last = streamInfo.state.last_seq;
    const changes = await this.#kv.watch();
    begins(last);
    const follow = async (): Promise<void> => {
      let waiting = true;
      if (values === 0) {
        waiting = false;
        caughtUp();
      }
      for await (const change of changes) {
        seen(change.key, entryOf(change.key, change.revision, putText(change)));
        // What changes while it begins counts as pending as well, and may leave no last one.
        if (waiting && (change.delta === 0 || change.revision >= last)) {
          waiting = false;
          caughtUp();
        }
      }
    };
    return { ended: follow(), stop: () => changes.stop() };
  }
}

function putText(change: KvWatchEntry): string | undefined {
  return change.operation === "PUT" ? change.string() : undefined;
}

function entryOf(key: string, revision: number, value: string | undefined): LeaseEntry {
  const parsed = parseLeaseKey(key);
  const record = parsed === undefined || value === undefined ? undefined : decodeRecord(parsed, value);
  return { revision, record };
}

function refusal(error: unknown): LeaseResult {
  const conflict = error instanceof JetStreamApiError && WRONG_LAST_SEQUENCE.includes(error.code);
  return { kind: conflict ? "conflict" : "failed" };
}
