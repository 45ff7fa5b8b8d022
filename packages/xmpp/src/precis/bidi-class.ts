/**
 * Bidi_Class of the code points that the IdentifierClass allows, Unicode 17.0.
 *
 * Regular expressions do not offer the property. For these code points it follows from the general category,
 * except for the ranges below, which may run over code points that it does not allow. Blocks for right-to-left scripts are listed whole, so that letters of later Unicode versions
 * fall into the class that Unicode reserves there. `bidi-class.test.ts` compares every code point with tr46's data.
 */

/** `R` stands for R and AL, `neutral` for ES, CS, ET, ON and BN: the rule treats them alike. */
export type BidiClass = "L" | "R" | "AN" | "EN" | "NSM" | "neutral";

const arabicNumber = /[\u0660-\u0669\u{10D30}-\u{10D39}\u{10D40}-\u{10D49}]/u;
const europeanNumber = /[0-9\u06F0-\u06F9]/u;
const leftToRightMark = /[\u0CBF\u0CC6\u{11A07}\u{11A08}\u{11C3F}]/u;
const nonspacingMark = /\p{Mn}/u;
const rightToLeft = /[\u0590-\u08FF\uFB1D-\uFDFF\uFE70-\uFEFF\u{10800}-\u{10FFF}\u{1E800}-\u{1EFFF}]/u;
const neutral =
  /[!-/:-@[-`{-~\u00B7\u02B9\u02BA\u02C6-\u02CF\u02EC\u0375\u2E2F\u30FB\uA67F\uA717-\uA71F\uA788]/u;

const joiner = /\p{Join_Control}/u;

/** Takes one code point of the IdentifierClass as a string. */
export function bidiClass(codePoint: string): BidiClass {
  if (europeanNumber.test(codePoint)) return "EN";
  if (arabicNumber.test(codePoint)) return "AN";
  if (leftToRightMark.test(codePoint)) return "L";
  if (nonspacingMark.test(codePoint)) return "NSM";
  if (rightToLeft.test(codePoint)) return "R";
  if (neutral.test(codePoint) || joiner.test(codePoint)) return "neutral";
  return "L";
}

/** Whether a string has a code point from which it must satisfy the Bidi Rule: R, AL or AN. */
export function hasRightToLeft(text: string): boolean {
  return rightToLeft.test(text);
}
