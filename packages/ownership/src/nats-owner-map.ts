import type { NatsConnection } from "@nats-io/transport-node";
import { type OwnerAddress, subjects } from "@rollcall/contracts";
import type { Logger } from "@rollcall/telemetry";
import { BucketWatch } from "./bucket-watch.ts";
import { ListeningOwners } from "./listening-owners.ts";
import type { OwnerMap } from "./ownership.ts";

export interface NatsOwnerMapOptions {
  readonly connection: NatsConnection;
  /** Whose partitions. */
  readonly service: OwnerAddress;
  readonly logger: Logger;
  /** Replicas of the bucket, if it has to be made: 3 in production. Default 1. */
  readonly replicas?: number | undefined;
}

export interface NatsOwnerMap extends OwnerMap {
  /** Resolves when all that was there has been seen, once. */
  whenCurrent(): Promise<void>;
  stop(): void;
}

const REQUEST_TIMEOUT_MS = 2_000;
/** Members renew every three seconds; without any nothing comes, and looking anew costs next to nothing. */
const SILENT_MS = 15_000;

/** Follows the leases of a service without taking part. Keeps what it knows while NATS is away. */
export function createNatsOwnerMap(options: NatsOwnerMapOptions): NatsOwnerMap {
  const map = new WatchedOwnerMap(options);
  map.start();
  return map;
}

class WatchedOwnerMap extends ListeningOwners implements NatsOwnerMap {
  readonly #watch: BucketWatch;
  readonly #log: Logger;
  #timer: NodeJS.Timeout | undefined;
  #onCurrent: (() => void)[] = [];

  constructor({ connection, service, logger, replicas = 1 }: NatsOwnerMapOptions) {
    super(logger);
    this.#log = logger;
    this.#watch = new BucketWatch({
      connection,
      name: subjects.leaseBucket(service),
      replicas,
      requestTimeoutMs: REQUEST_TIMEOUT_MS,
      logger,
      begins: (last) => this.begins(last),
      seen: (key, entry) => this.seen(key, entry),
      caughtUp: () => {
        this.caughtUp();
        for (const resolve of this.#onCurrent.splice(0)) resolve();
      },
    });
  }

  start(): void {
    this.#timer = setInterval(() => this.#watch.renewAfterSilence(SILENT_MS), SILENT_MS / 5);
    this.#watch.follow().catch((error: unknown) => {
      this.#log.error({ event: "ownership.fault", error });
    });
  }

  async whenCurrent(): Promise<void> {
    if (!this.isCurrent) await new Promise<void>((resolve) => this.#onCurrent.push(resolve));
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#watch.stop();
  }
}
