export interface SeenIdsOptions {
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Ids of sessions that one generation may have. */
  readonly limit?: number | undefined;
  readonly generationMs?: number | undefined;
}

/**
 * Which ids a session has had lately: an owner and the one after it may say the same. Remembered for 20 to 40 s, in two
 * generations of which the older is forgotten as a whole; for less where there are very many.
 */
export class SeenIds {
  readonly #now: () => number;
  readonly #limit: number;
  readonly #generationMs: number;
  /** Handles by id; most often there is one. */
  #young = new Map<string, number | Set<number>>();
  #old = new Map<string, number | Set<number>>();
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
    else if (typeof sessions === "number") this.#young.set(id, new Set([sessions, session]));
    else sessions.add(session);
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

function isIn(generation: ReadonlyMap<string, number | Set<number>>, id: string, session: number): boolean {
  const sessions = generation.get(id);
  if (sessions === undefined) return false;
  return typeof sessions === "number" ? sessions === session : sessions.has(session);
}
