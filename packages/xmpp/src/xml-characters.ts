/**
 * Characters of XML 1.0 (fifth edition) and of Namespaces in XML 1.0, by UTF-16 code unit.
 *
 * Text reaches this table decoded from strict UTF-8, so surrogates always come in pairs: a high surrogate that
 * may start a name is marked as such, and the low one after it as one that may continue it.
 */

/** May start a name without colon (NCName). */
export const NAME_START = 1;
/** May continue a name without colon. */
export const NAME = 2;
/** White space (production S). */
export const SPACE = 4;

export const LINE_FEED = 10;
export const QUOTE = 34;
export const AMPERSAND = 38;
export const APOSTROPHE = 39;
export const SLASH = 47;
export const COLON = 58;
export const LESS_THAN = 60;
export const EQUALS = 61;
export const GREATER_THAN = 62;
export const RIGHT_BRACKET = 93;

const nameStartRanges = [
  [0x41, 0x5a],
  [0x5f, 0x5f],
  [0x61, 0x7a],
  [0xc0, 0xd6],
  [0xd8, 0xf6],
  [0xf8, 0x2ff],
  [0x370, 0x37d],
  [0x37f, 0x1fff],
  [0x200c, 0x200d],
  [0x2070, 0x218f],
  [0x2c00, 0x2fef],
  [0x3001, 0xd7ff],
  // High surrogates of U+10000 to U+EFFFF.
  [0xd800, 0xdb7f],
  [0xf900, 0xfdcf],
  [0xfdf0, 0xfffd],
] as const;

const nameOnlyRanges = [
  [0x2d, 0x2e],
  [0x30, 0x39],
  [0xb7, 0xb7],
  [0x300, 0x36f],
  [0x203f, 0x2040],
  // Low surrogates.
  [0xdc00, 0xdfff],
] as const;

function classify(): Uint8Array {
  const classes = new Uint8Array(0x10000);
  const mark = (from: number, to: number, bits: number) => {
    for (let code = from; code <= to; code++) classes[code] = (classes[code] ?? 0) | bits;
  };
  for (const code of [0x9, 0xa, 0xd, 0x20]) mark(code, code, SPACE);
  for (const [from, to] of nameStartRanges) mark(from, to, NAME_START | NAME);
  for (const [from, to] of nameOnlyRanges) mark(from, to, NAME);
  return classes;
}

/** The bits above for every UTF-16 code unit. */
export const characterClass: Uint8Array = classify();

// Runs of characters that stand for themselves. A sticky expression is three times as fast as a loop over the
// characters; each of these always matches, if need be nothing.
const textRun = /[^<&\]\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]*/y;
const quotedRun = /[^"<&\0-\x1f\ufffe\uffff]*/y;
const apostrophedRun = /[^'<&\0-\x1f\ufffe\uffff]*/y;

function skipRun(run: RegExp, text: string, position: number): number {
  run.lastIndex = position;
  run.test(text);
  return run.lastIndex;
}

/** Skips character data that stands for itself: legal, and neither markup nor the beginning of `]]>`. */
export function skipText(text: string, position: number): number {
  return skipRun(textRun, text, position);
}

const illegal = /[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/;

/** All characters are legal in XML, whatever they mean. */
export function isLegalText(text: string): boolean {
  return !illegal.test(text);
}

/** Skips what stands for itself in an attribute value: legal, no markup, not its quote, no white space but blanks. */
export function skipValue(text: string, position: number, quote: number): number {
  return skipRun(quote === QUOTE ? quotedRun : apostrophedRun, text, position);
}

/** A code point that XML 1.0 allows (production Char). */
export function isLegalCharacter(codePoint: number): boolean {
  if (codePoint < 0x20) return codePoint === 0x9 || codePoint === 0xa || codePoint === 0xd;
  return codePoint <= 0xd7ff || (codePoint >= 0xe000 && codePoint <= 0xfffd) || isSupplementary(codePoint);
}

function isSupplementary(codePoint: number): boolean {
  return codePoint >= 0x10000 && codePoint <= 0x10ffff;
}

/** Half of a surrogate pair: no character at all. */
export const loneSurrogate = /\p{Surrogate}/u;

/** A name without colon, as `Element` names and prefixes are. */
export function isNcName(name: string): boolean {
  if (name === "" || loneSurrogate.test(name)) return false;
  for (let i = 0; i < name.length; i++) {
    const bits = characterClass[name.charCodeAt(i)]!;
    if ((bits & (i === 0 ? NAME_START : NAME)) === 0) return false;
  }
  return true;
}
