/**
 * One string for the texts that idle sessions keep and that many of them share, such as the entity capabilities of a
 * popular client.
 *
 * A text that a parser cut out of a chunk also keeps that chunk alive; what comes out of here stands by itself.
 */
export class SharedTexts {
  readonly #texts = new Map<string, string>();
  readonly #limit: number;
  readonly #longest: number;

  /**
   * @param limit texts that are shared; when there are more the sharing starts anew.
   * @param longest text that is worth sharing, in UTF-16 units.
   */
  constructor(limit = 4_096, longest = 1_024) {
    this.#limit = limit;
    this.#longest = longest;
  }

  share(text: string): string {
    if (text === "") return "";
    if (text.length > this.#longest) return standingAlone(text);
    const shared = this.#texts.get(text);
    if (shared !== undefined) return shared;
    if (this.#texts.size >= this.#limit) this.#texts.clear();
    const alone = standingAlone(text);
    this.#texts.set(alone, alone);
    return alone;
  }
}

/** A copy that refers to no other string. */
export function standingAlone(text: string): string {
  return Buffer.from(text, "utf8").toString("utf8");
}
