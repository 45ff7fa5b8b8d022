import { decodeAttribute, misplacedCharacter, scanReference } from "./references.ts";
import {
  AMPERSAND,
  APOSTROPHE,
  COLON,
  characterClass,
  EQUALS,
  GREATER_THAN,
  NAME,
  NAME_START,
  QUOTE,
  SLASH,
  SPACE,
  skipValue,
} from "./xml-characters.ts";
import { notWellFormed, XmlError } from "./xml-error.ts";

// A tag that ended too early cannot be finished, or be found wrong, before one of these arrives.
const awaitedInTag = /[<>"'=]/;
const awaitedInQuotes = /["<]/;
const awaitedInApostrophes = /['<]/;

// An attribute in the form that nearly all have: one blank before it, no prefix, nothing in its value to be decoded.
const plainAttribute =
  / [A-Za-z_][A-Za-z0-9_.-]*=(?:"[^"<&\0-\x1f\ufffe\uffff]*"|'[^'<&\0-\x1f\ufffe\uffff]*')/y;

const BLANK = 32;
const SMALL_X = 120;
const partsPerAttribute = 6;

/**
 * Where the parts of a start tag (or empty-element tag) are in the text it was scanned from. One object is used for
 * many tags; `scan` overwrites it. What namespaces say about the tag is `NamespaceScope`'s business.
 */
export class StartTag {
  nameStart = 0;
  nameEnd = 0;
  /** Index of the colon in the name; -1 where there is none. */
  nameColon = -1;
  /** Index after the `>`. */
  end = 0;
  selfClosing = false;
  /** Number of attributes, namespace declarations included. */
  count = 0;
  /** Of each attribute: where its name, its colon (-1 for none) and its value are, and whether the value is coded. */
  #parts = new Int32Array(16 * partsPerAttribute);
  /** Index of the attribute `xmlns`; -1 where there is none. */
  defaultDeclaration = -1;
  /** Number of attributes `xmlns:…`. */
  prefixDeclarations = 0;
  /** Number of other attributes with a prefix. */
  prefixedAttributes = 0;
  /** After an incomplete scan: what the rest of the tag must contain to make another scan worth while. */
  awaited: RegExp = awaitedInTag;

  /**
   * Scans the tag whose `<` is at `position`; the next character must be there.
   *
   * @returns false where `text` ends before the tag does.
   * @throws {XmlError}
   */
  scan(text: string, position: number, maxAttributes: number): boolean {
    const length = text.length;
    this.awaited = awaitedInTag;
    this.count = 0;
    this.defaultDeclaration = -1;
    this.prefixDeclarations = 0;
    this.prefixedAttributes = 0;
    this.nameStart = position + 1;
    let i = scanName(text, position + 1);
    this.nameEnd = i;
    this.nameColon = colon;

    for (;;) {
      if (i === length) return false;
      let code = text.charCodeAt(i);
      const before = i;
      if (code === BLANK && this.count < maxAttributes) {
        plainAttribute.lastIndex = i;
        if (plainAttribute.test(text)) {
          const nameEnd = text.indexOf("=", i);
          i = plainAttribute.lastIndex;
          this.#add(text, before + 1, nameEnd, -1, nameEnd + 2, i - 1, 0);
          continue;
        }
      }
      if (code !== GREATER_THAN && code !== SLASH) {
        i = skipSpace(text, i);
        if (i === length) return false;
        code = text.charCodeAt(i);
      }
      if (code === GREATER_THAN) {
        this.end = i + 1;
        this.selfClosing = false;
        return true;
      }
      if (code === SLASH) {
        if (i + 1 === length) return false;
        if (text.charCodeAt(i + 1) !== GREATER_THAN) throw notWellFormed("/ inside a tag");
        this.end = i + 2;
        this.selfClosing = true;
        return true;
      }
      if (i === before) throw notWellFormed("something else than white space after a name or value in a tag");
      if (this.count === maxAttributes) throw new XmlError("policy-violation", "too many attributes");
      i = this.#scanAttribute(text, i);
      if (i === -1) return false;
    }
  }

  /** @returns the index after the attribute, or -1 where the text ends before. */
  #scanAttribute(text: string, start: number): number {
    const length = text.length;
    let i = scanName(text, start);
    const end = i;
    const colonAt = colon;
    i = skipSpace(text, i);
    if (i === length) return -1;
    if (text.charCodeAt(i) !== EQUALS) throw notWellFormed("attribute without value");
    i = skipSpace(text, i + 1);
    if (i === length) return -1;
    const quote = text.charCodeAt(i);
    if (quote !== QUOTE && quote !== APOSTROPHE) throw notWellFormed("attribute value without quotes");

    const valueStart = ++i;
    let coded: 0 | 1 = 0;
    for (;;) {
      i = skipValue(text, i, quote);
      if (i === length) {
        this.awaited = quote === QUOTE ? awaitedInQuotes : awaitedInApostrophes;
        return -1;
      }
      const code = text.charCodeAt(i);
      if (code === quote) break;
      if (code === AMPERSAND) {
        i = scanReference(text, i);
        if (i === -1) {
          this.awaited = quote === QUOTE ? awaitedInQuotes : awaitedInApostrophes;
          return -1;
        }
        coded = 1;
      } else if ((characterClass[code]! & SPACE) !== 0) {
        i++;
        coded = 1;
      } else throw misplacedCharacter(code);
    }

    this.#add(text, start, end, colonAt, valueStart, i, coded);
    return i + 1;
  }

  #add(
    text: string,
    start: number,
    end: number,
    colonAt: number,
    valueStart: number,
    valueEnd: number,
    coded: 0 | 1,
  ): void {
    const index = this.count++;
    let at = index * partsPerAttribute;
    if (at === this.#parts.length) this.#grow();
    const parts = this.#parts;
    parts[at++] = start;
    parts[at++] = end;
    parts[at++] = colonAt;
    parts[at++] = valueStart;
    parts[at++] = valueEnd;
    parts[at] = coded;
    if (text.charCodeAt(start) === SMALL_X && text.startsWith("xmlns", start)) {
      if (colonAt === -1 && end - start === 5) this.defaultDeclaration = index;
      else if (colonAt === start + 5) this.prefixDeclarations++;
      else if (colonAt !== -1) this.prefixedAttributes++;
    } else if (colonAt !== -1) this.prefixedAttributes++;
  }

  name(text: string): string {
    return text.slice(this.nameStart, this.nameEnd);
  }

  localName(text: string): string {
    return text.slice(this.nameColon === -1 ? this.nameStart : this.nameColon + 1, this.nameEnd);
  }

  /** Prefix of the element name; "" where there is none. */
  prefix(text: string): string {
    return this.nameColon === -1 ? "" : text.slice(this.nameStart, this.nameColon);
  }

  #grow(): void {
    const grown = new Int32Array(this.#parts.length * 2);
    grown.set(this.#parts);
    this.#parts = grown;
  }

  /** Length of the qualified attribute name. */
  attributeNameLength(index: number): number {
    const at = index * partsPerAttribute;
    return this.#parts[at + 1]! - this.#parts[at]!;
  }

  attributeName(text: string, index: number): string {
    const at = index * partsPerAttribute;
    return text.slice(this.#parts[at], this.#parts[at + 1]);
  }

  isPrefixed(index: number): boolean {
    return this.#parts[index * partsPerAttribute + 2] !== -1;
  }

  /** Prefix of a prefixed attribute name. */
  attributePrefix(text: string, index: number): string {
    const at = index * partsPerAttribute;
    return text.slice(this.#parts[at], this.#parts[at + 2]);
  }

  /** Local part of a prefixed attribute name; of `xmlns:p` the prefix that it declares. */
  attributeLocalName(text: string, index: number): string {
    const at = index * partsPerAttribute;
    return text.slice(this.#parts[at + 2]! + 1, this.#parts[at + 1]);
  }

  /** The value as it is meant: normalised, references replaced. */
  value(text: string, index: number): string {
    const at = index * partsPerAttribute;
    const raw = text.slice(this.#parts[at + 3], this.#parts[at + 4]);
    return this.#parts[at + 5] === 0 ? raw : decodeAttribute(raw);
  }

  /** `xmlns:p="…"` and not an ordinary attribute. */
  declaresPrefix(text: string, index: number): boolean {
    if (this.prefixDeclarations === 0) return false;
    const at = index * partsPerAttribute;
    const start = this.#parts[at]!;
    return this.#parts[at + 2] === start + 5 && text.startsWith("xmlns", start);
  }

  /** Whether two attributes have the same qualified name. */
  hasDuplicate(text: string): boolean {
    const parts = this.#parts;
    const length = this.count * partsPerAttribute;
    for (let i = partsPerAttribute; i < length; i += partsPerAttribute) {
      const start = parts[i]!;
      const size = parts[i + 1]! - start;
      for (let j = 0; j < i; j += partsPerAttribute) {
        const other = parts[j]!;
        if (parts[j + 1]! - other !== size) continue;
        let k = 0;
        while (k < size && text.charCodeAt(other + k) === text.charCodeAt(start + k)) k++;
        if (k === size) return true;
      }
    }
    return false;
  }
}

/** Where `scanName` found a colon; -1 for none. */
let colon = -1;

/**
 * Scans a qualified name: one name, or two with a colon between (Namespaces in XML 1.0, 4).
 *
 * @returns the index after it; the end of the text where the name may go on.
 */
function scanName(text: string, start: number): number {
  const length = text.length;
  colon = -1;
  if (start === length) return length;
  if ((characterClass[text.charCodeAt(start)]! & NAME_START) === 0) throw notWellFormed("illegal name");
  let i = start + 1;
  for (;;) {
    while (i < length && (characterClass[text.charCodeAt(i)]! & NAME) !== 0) i++;
    if (i === length || text.charCodeAt(i) !== COLON) return i;
    if (colon !== -1) throw notWellFormed("name with two colons");
    colon = i++;
    if (i === length) return i;
    if ((characterClass[text.charCodeAt(i)]! & NAME_START) === 0) throw notWellFormed("illegal local name");
  }
}

export function skipSpace(text: string, position: number): number {
  const length = text.length;
  let i = position;
  while (i < length && (characterClass[text.charCodeAt(i)]! & SPACE) !== 0) i++;
  return i;
}
