import { PARTITIONS } from "@rollcall/contracts";
import type { Logger } from "@rollcall/telemetry";
import { OwnerTable } from "./owner-table.ts";
import type { Owner, OwnerMap } from "./ownership.ts";

/** An owner table with listeners. */
export class ListeningOwners implements OwnerMap {
  readonly #table = new OwnerTable(PARTITIONS);
  readonly #listeners = new Set<(partition: number) => void>();
  readonly #logger: Logger;
  #isCurrent = false;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  get revision(): number {
    return this.#table.revision;
  }

  get isCurrent(): boolean {
    return this.#isCurrent;
  }

  ownerOf(partition: number): Owner | undefined {
    return this.#table.ownerOf(partition);
  }

  members(): readonly string[] {
    return this.#table.members();
  }

  onChange(listener: (partition: number) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  note(partition: number, owner: Owner): void {
    if (this.#table.note(partition, owner)) this.#tell([partition]);
  }

  begins(last: number): void {
    this.#tell(this.#table.replayBegins(last));
  }

  seen(key: string, entry: Parameters<OwnerTable["seen"]>[1]): void {
    this.#tell(this.#table.seen(key, entry));
  }

  caughtUp(): void {
    this.#isCurrent = true;
    this.#tell(this.#table.replayEnds());
  }

  #tell(partitions: readonly number[]): void {
    for (const partition of partitions) {
      for (const listener of this.#listeners) {
        try {
          listener(partition);
        } catch (error) {
          this.#logger.error({ event: "ownership.listener-failed", error });
        }
      }
    }
  }
}
