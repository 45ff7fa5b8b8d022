export interface SeenIdsOptions {
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Ids of sessions that one generation may have. */
  readonly limit?: number | undefined;
  readonly generationMs?: number | undefined;
}

/** Sessions that had an id: most often one, or those of a fan-out as it came. */
type Sessions = number | readonly number[] | Set<number>;

/**
 * Which ids a session has had lately: an owner and the one after it may say the same. Remembered for 20 to 40 s, in two
 * generations of which the older is forgotten as a whole; for less where there are very many.
 */
export class SeenIds {
  readonly #now: () => number;
  readonly #limit: number;
  readonly #generationMs: number;
  #young = new Map<string, Sessions>();
  #old = new Map<string, Sessions>();
  #youngSize = 0;
  #youngSince: number;

  constructor({ now, limit = 65_536, generationMs = 20_000 }: SeenIdsOptions) {
    this.#now = now;
    this.#limit = limit;
    this.#generationMs = generationMs;
    this.#youngSince = now();
  }

  /** Whether the session has had the id. */
  has(id: string, session: number): boolean {
    this.#forget();
    return isIn(this.#young, id, session) || isIn(this.#old, id, session);
  }

  /** The session gets the id, which it has not had. */
  add(id: string, session: number): void {
    if (this.#youngSize >= this.#limit) this.#turn(this.#now());
    this.#youngSize += 1;
    const sessions = this.#young.get(id);
    if (sessions === undefined) this.#young.set(id, session);
    else if (sessions instanceof Set) sessions.add(session);
    else
      this.#young.set(
        id,
        new Set(typeof sessions === "number" ? [sessions, session] : sessions).add(session),
      );
  }

  /** Whether any session has had the id. */
  hasAny(id: string): boolean {
    this.#forget();
    return this.#young.has(id) || this.#old.has(id);
  }

  /** All of them get the id, which nobody has had. @param sessions kept as it is. */
  addAll(id: string, sessions: readonly number[]): void {
    if (this.#youngSize >= this.#limit) this.#turn(this.#now());
    this.#youngSize += sessions.length;
    this.#young.set(id, sessions);
  }

  #forget(): void {
    const now = this.#now();
    const ageMs = now - this.#youngSince;
    // A clock that was set back must not keep them for ever.
    if (ageMs >= 0 && ageMs < this.#generationMs) return;
    if (ageMs >= 2 * this.#generationMs) this.#turn(now);
    this.#turn(now);
  }

  #turn(now: number): void {
    this.#old = this.#young;
    this.#young = new Map();
    this.#youngSize = 0;
    this.#youngSince = now;
  }
}

function isIn(generation: Map<string, Sessions>, id: string, session: number): boolean {
  const sessions = generation.get(id);
  if (sessions === undefined) return false;
  if (typeof sessions === "number") return sessions === session;
  if (sessions instanceof Set) return sessions.has(session);
  // Who asks for one of them asks for the others as well.
  const set = new Set(sessions);
  generation.set(id, set);
  return set.has(session);
}
