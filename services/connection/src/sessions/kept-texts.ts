import type { Stanza } from "@rollcall/xmpp";

/** Texts that are shared; when there are more the sharing starts anew. */
const SHARED_TEXTS = 4_096;
/** Longest text that is worth looking for, in UTF-16 units. */
const LONGEST_SHARED = 1_024;

/**
 * Copies of what sessions keep for hours. A text that the parser cut out of a chunk keeps the whole chunk alive, so
 * what comes out of here stands by itself; and there is one of each, for clients of one kind say much the same.
 */
export class KeptTexts {
  readonly #texts = new Map<string, string>();

  text(text: string): string {
    if (text === "") return "";
    if (text.length > LONGEST_SHARED) return standingAlone(text);
    const shared = this.#texts.get(text);
    if (shared !== undefined) return shared;
    if (this.#texts.size >= SHARED_TEXTS) this.#texts.clear();
    const alone = standingAlone(text);
    this.#texts.set(alone, alone);
    return alone;
  }

  /** @param from in place of that of the stanza, to share it with the session. */
  stanza(stanza: Stanza, from: string): Stanza {
    const { kind, type, to, id, lang, extraAttributes, payload, childName, childNamespace, childCount } =
      stanza;
    return {
      kind,
      type: this.#optional(type),
      to: this.#optional(to),
      from,
      id: id === undefined ? undefined : standingAlone(id),
      lang: this.#optional(lang),
      extraAttributes: this.text(extraAttributes),
      payload: this.text(payload),
      childName: this.#optional(childName),
      childNamespace: this.#optional(childNamespace),
      childCount,
    };
  }

  #optional(text: string | undefined): string | undefined {
    return text === undefined ? undefined : this.text(text);
  }
}

/** A copy that refers to no other string. */
export function standingAlone(text: string): string {
  return Buffer.from(text, "utf8").toString("utf8");
}
