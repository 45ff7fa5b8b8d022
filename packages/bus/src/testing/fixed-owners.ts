import { PARTITIONS } from "@rollcall/contracts";
import type { OwnerLookup, Serving } from "../nats/ports.ts";

/** Owners as a test sets them. */
export class FixedOwners implements OwnerLookup {
  readonly #owners: (string | undefined)[];
  readonly #epochs: number[];
  readonly #listeners = new Set<(partition: number) => void>();
  revision = 1;

  constructor(owner: string | undefined) {
    this.#owners = new Array<string | undefined>(PARTITIONS).fill(owner);
    this.#epochs = new Array<number>(PARTITIONS).fill(1);
  }

  ownerOf(partition: number): { readonly instanceId: string; readonly epoch: number } | undefined {
    const instanceId = this.#owners[partition];
    return instanceId === undefined ? undefined : { instanceId, epoch: this.#epochs[partition] ?? 1 };
  }

  onChange(listener: (partition: number) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** From now on the partition is another's. */
  move(partition: number, owner: string | undefined): void {
    this.revision += 1;
    this.#owners[partition] = owner;
    this.#epochs[partition] = this.revision;
    for (const listener of this.#listeners) listener(partition);
  }
}

/** What a process serves, as a test sets it. */
export class FixedServing implements Serving {
  readonly #served: boolean[];
  readonly #listeners = new Set<Parameters<Serving["watch"]>[0]>();

  constructor(served: boolean) {
    this.#served = new Array<boolean>(PARTITIONS).fill(served);
  }

  epochOf(partition: number): number | undefined {
    return this.#served[partition] === true ? 1 : undefined;
  }

  watch(listener: Parameters<Serving["watch"]>[0]): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  serve(partition: number): void {
    this.#served[partition] = true;
    for (const listener of this.#listeners) listener.gained(partition, 1);
  }

  /** The lease has run out, which nobody is told. */
  expire(partition: number): void {
    this.#served[partition] = false;
  }

  /** Resolves when nothing of the partition is under way. */
  async lose(partition: number, isHandOver = true): Promise<void> {
    this.#served[partition] = false;
    await Promise.all([...this.#listeners].map((listener) => listener.lost(partition, isHandOver)));
  }
}
