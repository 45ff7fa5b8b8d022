import type { SessionRef } from "@rollcall/contracts";

const LIMIT = 10_000;

/**
 * Sessions whose end came before their beginning: while a request to bind a resource waits for the store, its node may
 * give up. The last 10,000 to 20,000 of them.
 */
export class EndedBefore {
  #young = new Set<string>();
  #old = new Set<string>();

  add(ref: SessionRef): void {
    if (this.#young.size >= LIMIT) {
      this.#old = this.#young;
      this.#young = new Set();
    }
    this.#young.add(keyOf(ref));
  }

  has(ref: SessionRef): boolean {
    const key = keyOf(ref);
    return this.#young.has(key) || this.#old.has(key);
  }
}

function keyOf({ node, session }: SessionRef): string {
  return `${node} ${session}`;
}
