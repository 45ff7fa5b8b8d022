import {
  JetStreamApiError,
  type JetStreamManager,
  jetstream,
  jetstreamManager,
  StorageType,
} from "@nats-io/jetstream";
import { type KV, Kvm, type KvWatchEntry } from "@nats-io/kv";
import type { NatsConnection } from "@nats-io/transport-node";
import { subjects } from "@rollcall/contracts";

const REQUEST_TIMEOUT_MS = 2_000;
const STREAM = `KV_${subjects.sessionBucket}`;

/** One change of a key, without its value. */
export interface ManifestChange {
  readonly key: string;
  readonly revision: number;
  readonly isThere: boolean;
  /** Milliseconds since the epoch, by the clock of the server. */
  readonly at: number;
}

/** The bucket of all manifests. */
export class ManifestBucket {
  readonly #kv: KV;
  readonly #manager: JetStreamManager;

  private constructor(kv: KV, manager: JetStreamManager) {
    this.#kv = kv;
    this.#manager = manager;
  }

  /** Opens the bucket and makes it where it does not exist. @throws whatever JetStream says; asking again is safe. */
  static async open(connection: NatsConnection, replicas: number): Promise<ManifestBucket> {
    const options = { timeout: REQUEST_TIMEOUT_MS };
    const kv = await new Kvm(jetstream(connection, options)).create(subjects.sessionBucket, {
      history: 1,
      replicas,
      // What nodes owe must outlive a restart of the NATS servers.
      storage: StorageType.File,
      // An owner that comes anew has to see the last that a dead node noted, so reads go to the leader.
      allow_direct: false,
    });
    return new ManifestBucket(kv, await jetstreamManager(connection, { ...options, checkAPI: false }));
  }

  async put(key: string, value: string): Promise<void> {
    await this.#kv.put(key, value);
  }

  /**
   * Leaves a mark, by which those who watch see that it is gone. With a history of one nothing else is left. (A purge
   * would do the same, but of several at a time nats-server 2.9 does not tell all to a watch.)
   */
  async remove(key: string): Promise<void> {
    await this.#kv.delete(key);
  }

  async read(key: string): Promise<string | undefined> {
    const entry = await this.#kv.get(key);
    return entry?.operation === "PUT" ? entry.string() : undefined;
  }

  /** Removes the mark that a removed key has left, if it is still there. */
  async removeMark(revision: number): Promise<void> {
    try {
      await this.#manager.streams.deleteMessage(STREAM, revision, false);
    } catch (error) {
      if (!(error instanceof JetStreamApiError)) throw error;
      // Something was written over it, or another instance was here first.
    }
  }

  /** The revision of the last change of any key. */
  async lastRevision(): Promise<number> {
    return (await this.#manager.streams.info(STREAM)).state.last_seq;
  }

  /**
   * Every key and then every change, in the order of revisions, until `stop` or until NATS ends it.
   * `caughtUp` is called once, when what was there has been told, with the last revision that it has.
   */
  async watch(
    seen: (change: ManifestChange) => void,
    caughtUp: (revision: number) => void,
  ): Promise<{ readonly ended: Promise<void>; stop(): void }> {
    const { values, streamInfo } = await this.#kv.status();
    const last = streamInfo.state.last_seq;
    const changes = await this.#kv.watch({ headers_only: true });
    const follow = async (): Promise<void> => {
      let isWaiting = values > 0;
      if (!isWaiting) caughtUp(last);
      for await (const change of changes) {
        seen(changeOf(change));
        // What changes while it begins counts as pending as well, and may leave no last one.
        if (isWaiting && (change.delta === 0 || change.revision >= last)) {
          isWaiting = false;
          caughtUp(last);
        }
      }
    };
    return { ended: follow(), stop: () => changes.stop() };
  }
}

function changeOf({ key, revision, operation, created }: KvWatchEntry): ManifestChange {
  return { key, revision, isThere: operation === "PUT", at: created.getTime() };
}
