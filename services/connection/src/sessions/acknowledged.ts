import type { Stanza } from "@rollcall/xmpp";

/** What owners have acknowledged of a session, as far as an owner that comes after them has to know it. */
export class Acknowledged {
  readonly partition: number;
  /** Milliseconds since the epoch. */
  readonly boundAt: number;
  /** Has fetched the roster (RFC 6121, 2.2). */
  interested = false;
  /** The last available presence without `to`; `undefined` when it is not available. */
  presence: Stanza | undefined = undefined;
  presenceAt = 0;
  /** Initial presence is with an owner, which has not acknowledged it. */
  becomesAvailable = false;
  /** The owner does not count the session any more: nobody is told of its end. */
  isDisowned = false;
  #directed: Set<string> | undefined = undefined;
  #directedLength = 0;

  constructor(partition: number, boundAt: number) {
    this.partition = partition;
    this.boundAt = boundAt;
  }

  /** Who got directed presence and no unavailable since (RFC 6121, 4.6.3). */
  get directed(): Iterable<string> {
    return this.#directed ?? nobody;
  }

  /** Whether somebody is owed unavailable presence when it ends. */
  get isOwing(): boolean {
    return this.presence !== undefined || this.#directed !== undefined;
  }

  /**
   * @param limit addressees; more are not remembered, as the owner refuses them.
   * @param lengthLimit characters of them all, so that a session fits into a message.
   * @returns whether this is news.
   */
  addDirected(target: string, limit: number, lengthLimit: number): boolean {
    const directed = this.#directed;
    if (directed?.has(target)) return false;
    if ((directed?.size ?? 0) >= limit || this.#directedLength + target.length > lengthLimit) return false;
    this.#directed = (directed ?? new Set()).add(target);
    this.#directedLength += target.length;
    return true;
  }

  /** @returns whether this is news. */
  removeDirected(target: string): boolean {
    if (!this.#directed?.delete(target)) return false;
    this.#directedLength -= target.length;
    if (this.#directed.size === 0) this.#directed = undefined;
    return true;
  }

  removeAllDirected(): void {
    this.#directed = undefined;
    this.#directedLength = 0;
  }
}

const nobody: readonly string[] = [];
