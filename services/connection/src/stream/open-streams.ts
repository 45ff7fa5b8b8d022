import type { ClientStream } from "./client-stream.ts";

/** The streams of this node, bound or not. */
export class OpenStreams {
  readonly #streams = new Set<ClientStream>();
  #onEmpty: (() => void)[] = [];

  get size(): number {
    return this.#streams.size;
  }

  add(stream: ClientStream): void {
    this.#streams.add(stream);
  }

  delete(stream: ClientStream): void {
    this.#streams.delete(stream);
    if (this.#streams.size > 0) return;
    for (const resolve of this.#onEmpty) resolve();
    this.#onEmpty = [];
  }

  /** Streams may end meanwhile. */
  [Symbol.iterator](): IterableIterator<ClientStream> {
    return this.#streams.values();
  }

  /** Resolves when there is none, or after the time. */
  async empty(timeoutMs: number): Promise<void> {
    if (this.#streams.size === 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      this.#onEmpty.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }
}
