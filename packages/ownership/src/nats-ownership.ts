/**
 * Partitions divided over the instances of a service, as leases in a JetStream KV bucket. The rules are `lease.ts`;
 * here they meet the bucket, the network and the clock.
 */

import { type NatsConnection, NoRespondersError, RequestError } from "@nats-io/transport-node";
import { type Address, PARTITIONS, subjects } from "@rollcall/contracts";
import type { Logger } from "@rollcall/telemetry";
import { BucketWatch } from "./bucket-watch.ts";
import { Lease } from "./lease.ts";
import type { LeaseAction, LeaseResult } from "./lease-actions.ts";
import type { LeaseBucket } from "./lease-bucket.ts";
import { ListeningOwners } from "./listening-owners.ts";
import type { Owner, OwnerMap, Ownership, OwnershipListener } from "./ownership.ts";

export interface NatsOwnershipOptions {
  readonly connection: NatsConnection;
  /** Whose partitions. */
  readonly service: Exclude<Address, "node">;
  /** Unique for every start of a process (`createInstanceId` in `runtime`). */
  readonly instanceId: string;
  readonly logger: Logger;
  /** Replicas of the bucket: 3 in production. Default 1. */
  readonly replicas?: number | undefined;
  /** At least 15,000 ms in production, since a change of the JetStream leader takes up to 10 s. Default 15,000 ms. */
  readonly ttlMs?: number | undefined;
  /** How often the next instance is asked whether it is there. Default 75 ms. */
  readonly pingMs?: number | undefined;
  /** How long work under way may hold up the hand-over of a partition. Default 5,000 ms. */
  readonly handOverMs?: number | undefined;
}

export interface NatsOwnership extends Ownership, OwnerMap {
  /** For the area `ownership-…` of the service. */
  readonly counters: OwnershipCounters;
  /** What this instance has now, for the same area. */
  leaseNumbers(): { readonly partitions: number; readonly leaseLeft: number };
  /** What still keeps this instance from serving what is assigned to it; empty when it does. */
  notReady(): readonly string[];
}

/** Partitions that came and went since the start, and writes of leases that somebody else was ahead of. */
export interface OwnershipCounters {
  won: number;
  handedOver: number;
  lost: number;
  conflicts: number;
}

const REQUEST_TIMEOUT_MS = 2_000;
const PING_TIMEOUT_MS = 1_000;
const RETRY_MS = 250;

/** Begins at once, in the background, and goes on until `release`. Whatever fails is tried again. */
export function createNatsOwnership(options: NatsOwnershipOptions): NatsOwnership {
  const ownership = new LeasedOwnership(options);
  ownership.start();
  return ownership;
}

class LeasedOwnership implements NatsOwnership {
  readonly counters: OwnershipCounters = { won: 0, handedOver: 0, lost: 0, conflicts: 0 };
  readonly #options: NatsOwnershipOptions;
  readonly #logger: Logger;
  readonly #lease: Lease;
  readonly #listeners = new Set<OwnershipListener>();
  readonly #pingMs: number;
  readonly #renewMs: number;
  readonly #handOverMs: number;
  readonly #owners: ListeningOwners;
  readonly #watch: BucketWatch;
  #timer: NodeJS.Timeout | undefined;
  #unsubscribe: (() => void) | undefined;
  #gone: (() => void)[] = [];
  #releasing: Promise<void> | undefined;

  constructor(options: NatsOwnershipOptions) {
    const { ttlMs = 15_000, pingMs = 75, handOverMs = 5_000 } = options;
    this.#options = options;
    this.#logger = options.logger.with({ service: options.service, instance: options.instanceId });
    this.#pingMs = pingMs;
    this.#renewMs = ttlMs / 5;
    this.#handOverMs = handOverMs;
    this.#owners = new ListeningOwners(this.#logger);
    this.#watch = new BucketWatch({
      connection: options.connection,
      name: subjects.leaseBucket(options.service),
      replicas: options.replicas ?? 1,
      requestTimeoutMs: REQUEST_TIMEOUT_MS,
      logger: this.#logger,
      begins: (last) => this.#owners.begins(last),
      seen: (key, entry) => {
        this.#act(this.#lease.seen(performance.now(), key, entry));
        this.#owners.seen(key, entry);
      },
      caughtUp: () => {
        this.#act(this.#lease.watching(performance.now()));
        this.#owners.caughtUp();
      },
    });
    this.#lease = new Lease({
      instance: options.instanceId,
      partitions: PARTITIONS,
      ttlMs,
      renewMs: this.#renewMs,
      retryMs: RETRY_MS,
      pingMs,
      reconnectGraceMs: 2_000,
      handOverMs,
    });
  }

  start(): void {
    const { connection, instanceId } = this.#options;
    const subscription = connection.subscribe(subjects.instance(instanceId), {
      callback: (error, message) => {
        if (error === null) message.respond();
      },
    });
    this.#unsubscribe = () => subscription.unsubscribe();
    this.#timer = setInterval(() => this.#tick(), this.#pingMs);
    background(this.#watch.follow(), this.#logger);
    background(this.#followConnection(), this.#logger);
  }

  epochOf(partition: number): number | undefined {
    return this.#lease.epochOf(partition, performance.now());
  }

  get revision(): number {
    return this.#owners.revision;
  }

  get isCurrent(): boolean {
    return this.#owners.isCurrent;
  }

  ownerOf(partition: number): Owner | undefined {
    return this.#owners.ownerOf(partition);
  }

  members(): readonly string[] {
    return this.#owners.members();
  }

  onChange(listener: (partition: number) => void): () => void {
    return this.#owners.onChange(listener);
  }

  note(partition: number, owner: Owner): void {
    this.#owners.note(partition, owner);
  }

  leaseNumbers(): { readonly partitions: number; readonly leaseLeft: number } {
    const left = this.#lease.stopAt - performance.now();
    return {
      partitions: this.#lease.owned().length,
      leaseLeft: Number.isFinite(left) ? Math.max(0, left) / 1_000 : 0,
    };
  }

  notReady(): readonly string[] {
    const { service } = this.#options;
    if (this.#watch.bucket === undefined) return [`the leases of ${service} cannot be reached`];
    if (!this.#lease.isMember) return [`not a member of ${service}`];
    const { missing } = this.#lease;
    return missing === 0 ? [] : [`${missing} partitions of ${service} are not taken yet`];
  }

  watch(listener: OwnershipListener): () => void {
    this.#listeners.add(listener);
    // Also those in doubt, since nobody is told when a doubt is over.
    for (const [partition, epoch] of this.#lease.owned()) listener.gained(partition, epoch);
    return () => this.#listeners.delete(listener);
  }

  release(): Promise<void> {
    this.#releasing ??= this.#release();
    return this.#releasing;
  }

  async #release(): Promise<void> {
    const gone = new Promise<void>((resolve) => this.#gone.push(resolve));
    this.#act(this.#lease.release(performance.now()));
    // Where NATS does not answer nobody is there to hand over to.
    const overdue = setTimeout(() => this.#act(this.#lease.abandon()), this.#handOverMs + REQUEST_TIMEOUT_MS);
    await gone;
    clearTimeout(overdue);
  }

  #tick(): void {
    const now = performance.now();
    this.#act(this.#lease.tick(now));
    // Own renewals come by the watch too: silence means that it is broken.
    this.#watch.renewAfterSilence(3 * this.#renewMs);
  }

  async #followConnection(): Promise<void> {
    for await (const status of this.#options.connection.status()) {
      if (this.#lease.isGone) return;
      if (status.type === "disconnect" || status.type === "reconnect") {
        const change = status.type === "disconnect" ? "lost" : "back";
        this.#act(this.#lease.connectionChanged(performance.now(), change));
      }
    }
  }

  #act(actions: readonly LeaseAction[]): void {
    for (const action of actions) {
      switch (action.kind) {
        case "write":
          this.#request(action.key, (bucket) => bucket.write(action.key, action.value, action.revision));
          break;
        case "delete":
          this.#request(action.key, (bucket) => bucket.delete(action.key, action.revision));
          break;
        case "read":
          this.#request(action.key, (bucket) => bucket.read(action.key));
          break;
        case "ping":
          background(this.#ping(action.instance), this.#logger);
          break;
        case "gained":
          this.counters.won += 1;
          for (const listener of this.#listeners)
            this.#tell(() => listener.gained(action.partition, action.epoch));
          break;
        case "lost":
          if (action.handOver) this.counters.handedOver += 1;
          else this.counters.lost += 1;
          this.#lost(action.partition, action.handOver);
          break;
        case "gone":
          this.#end();
          break;
      }
    }
  }

  #request(key: string, perform: (bucket: LeaseBucket) => Promise<LeaseResult>): void {
    const { bucket } = this.#watch;
    const asked: Promise<LeaseResult> =
      bucket === undefined ? Promise.resolve({ kind: "failed" }) : perform(bucket);
    background(
      asked.then((result) => {
        if (result.kind === "conflict") this.counters.conflicts += 1;
        this.#act(this.#lease.finished(performance.now(), key, result));
      }),
      this.#logger,
    );
  }

  async #ping(instance: string): Promise<void> {
    let outcome: "there" | "no-responders" | "unknown" = "there";
    try {
      await this.#options.connection.request(subjects.instance(instance), undefined, {
        timeout: PING_TIMEOUT_MS,
      });
    } catch (error) {
      outcome = isNoResponders(error) ? "no-responders" : "unknown";
    }
    this.#act(this.#lease.pinged(performance.now(), instance, outcome));
  }

  #lost(partition: number, handOver: boolean): void {
    const finishing: Promise<void>[] = [];
    for (const listener of this.#listeners) {
      this.#tell(() => {
        const finished = listener.lost(partition, handOver);
        if (finished !== undefined) finishing.push(finished);
      });
    }
    const all = Promise.allSettled(finishing).then(() => {
      if (handOver) this.#act(this.#lease.drained(performance.now(), partition));
    });
    background(all, this.#logger);
  }

  /** A listener that throws must not keep others from being told. */
  #tell(call: () => void): void {
    try {
      call();
    } catch (error) {
      this.#logger.error({ event: "ownership.listener-failed", error });
    }
  }

  #end(): void {
    clearInterval(this.#timer);
    this.#unsubscribe?.();
    this.#watch.stop();
    const waiting = this.#gone;
    this.#gone = [];
    for (const resolve of waiting) resolve();
  }
}

function isNoResponders(error: unknown): boolean {
  return error instanceof NoRespondersError || (error instanceof RequestError && error.isNoResponders());
}

function background(work: Promise<unknown>, logger: Logger): void {
  work.catch((error: unknown) => {
    logger.error({ event: "ownership.fault", error });
  });
}
