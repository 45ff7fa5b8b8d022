import {
  AMPERSAND,
  characterClass,
  isLegalCharacter,
  LESS_THAN,
  NAME,
  NAME_START,
} from "./xml-characters.ts";
import { notWellFormed, XmlError } from "./xml-error.ts";

const HASH = 35;
const SEMICOLON = 59;
const SMALL_X = 120;

/** The five entities that XMPP allows (RFC 6120, 11.1; XML 1.0, 4.6). */
const predefined: ReadonlyMap<string, string> = new Map([
  ["amp", "&"],
  ["lt", "<"],
  ["gt", ">"],
  ["apos", "'"],
  ["quot", '"'],
]);

/** Longest reference read, leading zeros included, so that an unfinished one is cheap to look at again. */
const longestReference = 64;

/**
 * Checks the reference that begins with the `&` at `position`.
 *
 * @returns the index after its `;`, or -1 where `text` ends before that.
 * @throws {XmlError} restricted-xml for an entity that is not predefined, not-well-formed for all else.
 */
export function scanReference(text: string, position: number): number {
  const limit = Math.min(text.length, position + longestReference);
  let i = position + 1;
  if (i === text.length) return -1;
  if (text.charCodeAt(i) === HASH) {
    i++;
    const hexadecimal = i < limit && text.charCodeAt(i) === SMALL_X;
    if (hexadecimal) i++;
    const first = i;
    let value = 0;
    for (; i < limit; i++) {
      const code = text.charCodeAt(i);
      if (code === SEMICOLON) {
        if (i === first || !isLegalCharacter(value)) {
          throw notWellFormed("character reference to no legal character");
        }
        return i + 1;
      }
      const digit = hexadecimal ? hexadecimalDigit(code) : decimalDigit(code);
      if (digit === -1) throw notWellFormed("character reference with something else than digits");
      value = Math.min(value * (hexadecimal ? 16 : 10) + digit, 0x110000);
    }
  } else {
    const first = i;
    for (; i < limit; i++) {
      const code = text.charCodeAt(i);
      if (code === SEMICOLON && i > first) {
        if (!predefined.has(text.slice(first, i))) {
          throw new XmlError("restricted-xml", "reference to an entity that is not predefined");
        }
        return i + 1;
      }
      if ((characterClass[code]! & (i === first ? NAME_START : NAME)) === 0) {
        throw notWellFormed("& without a reference");
      }
    }
  }
  if (limit === text.length && limit < position + longestReference) return -1;
  throw new XmlError("policy-violation", "reference too long");
}

function decimalDigit(code: number): number {
  return code >= 48 && code <= 57 ? code - 48 : -1;
}

function hexadecimalDigit(code: number): number {
  if (code >= 48 && code <= 57) return code - 48;
  const lower = code | 0x20;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}

function replaceReferences(checked: string): string {
  return checked.replace(/&(#x)?(#)?([^;]+);/g, (_, hexadecimal, decimal, name: string) => {
    if (hexadecimal !== undefined) return String.fromCodePoint(Number.parseInt(name, 16));
    if (decimal !== undefined) return String.fromCodePoint(Number.parseInt(name, 10));
    return predefined.get(name)!;
  });
}

/** What checked character data means: ends of line normalised, references replaced (XML 1.0, 2.11, 4.4). */
export function decodeText(checked: string): string {
  return replaceReferences(normalizeLineEnds(checked));
}

/** What a checked attribute value means: white space becomes blanks, references are replaced (XML 1.0, 3.3.3). */
export function decodeAttribute(checked: string): string {
  return replaceReferences(checked.replace(/\r\n|[\t\n\r]/g, " "));
}

/** CR LF and CR become LF (XML 1.0, 2.11). */
export function normalizeLineEnds(xml: string): string {
  return xml.includes("\r") ? xml.replace(/\r\n?/g, "\n") : xml;
}

/** The error for a character that cannot stand in character data or in an attribute value. */
export function misplacedCharacter(code: number): XmlError {
  if (code === LESS_THAN) return notWellFormed("< in an attribute value");
  if (code === AMPERSAND) return notWellFormed("& without a reference");
  return illegalCharacter();
}

export function illegalCharacter(): XmlError {
  return notWellFormed("character that XML does not allow");
}
