/** Which nodes have noted something of which partitions, made of the changes of the bucket as they come. No I/O. */
import { PARTITIONS } from "@rollcall/contracts";
import type { ManifestKey } from "./manifest-records.ts";

interface Mark {
  readonly revision: number;
  readonly at: number;
}

export class ManifestTable {
  readonly #nodes: Set<string>[] = Array.from({ length: PARTITIONS }, () => new Set());
  /** Keys that were removed, the longest ago first, as far as the bucket remembers. */
  readonly #marks = new Map<string, Mark>();
  #revision = 0;
  /** Keys that came again since everything began to come anew. */
  #again: Set<string> | undefined;

  /** The last revision seen. */
  get revision(): number {
    return this.#revision;
  }

  nodesWith(partition: number): readonly string[] {
    return [...(this.#nodes[partition] ?? [])];
  }

  /** All that is in the bucket comes, perhaps again. */
  begins(): void {
    this.#again = new Set();
  }

  /** @param parsed the key; `undefined` for one that no node made. */
  seen(
    key: string,
    parsed: ManifestKey | undefined,
    { revision, isThere, at }: { readonly revision: number; readonly isThere: boolean; readonly at: number },
  ): void {
    if (revision > this.#revision) this.#revision = revision;
    this.#marks.delete(key);
    if (!isThere) this.#marks.set(key, { revision, at });
    if (parsed === undefined) return;
    const nodes = this.#nodes[parsed.partition]!;
    if (isThere) {
      nodes.add(parsed.nodeId);
      this.#again?.add(key);
    } else nodes.delete(parsed.nodeId);
  }

  /**
   * What did not come again is not there any more.
   * @param revision the last one that the bucket had when all began to come: of keys whose marks were removed nothing comes.
   */
  caughtUp(revision: number): void {
    if (revision > this.#revision) this.#revision = revision;
    const again = this.#again;
    this.#again = undefined;
    if (again === undefined) return;
    this.#nodes.forEach((nodes, partition) => {
      for (const nodeId of nodes) if (!again.has(`${nodeId}.${partition}`)) nodes.delete(nodeId);
    });
  }

  /** @param before milliseconds since the epoch. */
  marksBefore(before: number, limit: number): { readonly key: string; readonly revision: number }[] {
    const marks: { readonly key: string; readonly revision: number }[] = [];
    for (const [key, { revision, at }] of this.#marks) {
      if (marks.length >= limit || at >= before) break;
      marks.push({ key, revision });
    }
    return marks;
  }

  markRemoved(key: string, revision: number): void {
    if (this.#marks.get(key)?.revision === revision) this.#marks.delete(key);
  }
}
