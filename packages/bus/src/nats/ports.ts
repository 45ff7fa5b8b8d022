/** What the bus has to know of `OwnerMap` in `@rollcall/ownership`. */
export interface OwnerLookup {
  ownerOf(partition: number): { readonly instanceId: string; readonly epoch: number } | undefined;
  readonly revision: number;
  onChange(listener: (partition: number) => void): () => void;
}

/** What the bus has to know of `Ownership` in `@rollcall/ownership`. */
export interface Serving {
  /** Defined while this process takes messages for the partition. */
  epochOf(partition: number): number | undefined;
  watch(listener: {
    gained(partition: number, epoch: number): void;
    lost(partition: number, isHandOver: boolean): Promise<void>;
  }): () => void;
}
