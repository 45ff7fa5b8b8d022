import { toUnicode } from "tr46";

/**
 * The contextual rules of RFC 5892, Appendix A: some code points are valid between certain others only.
 * A code point without a rule here is not valid anywhere.
 */

const greek = /\p{Script=Greek}/u;
const hebrew = /\p{Script=Hebrew}/u;
const japanese = /[\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Han}]/u;
const arabicIndicDigit = /[\u0660-\u0669]/u;
const extendedArabicIndicDigit = /[\u06F0-\u06F9]/u;
const markOrJoiner = /[\p{M}\p{Join_Control}]/u;
/** As many marks and joiners in a row are looked at on either side of a joiner; writing has fewer. */
const maxRun = 8;

/**
 * ZERO WIDTH NON-JOINER and ZERO WIDTH JOINER (A.1, A.2). The rule needs Joining_Type, which regular
 * expressions do not offer; tr46 carries it and applies the same rule to domain labels. It is asked about the
 * joiner's surroundings alone: the marks around it and one base character on either side.
 */
function joinerIsValid(codePoints: readonly string[], index: number): boolean {
  const isInRun = (at: number) => at >= 0 && at < codePoints.length && markOrJoiner.test(codePoints[at]!);
  let start = index - 1;
  while (isInRun(start) && index - start <= maxRun) start--;
  let end = index + 1;
  while (isInRun(end) && end - index <= maxRun) end++;
  if (start < 0 || isInRun(start) || isInRun(end)) return false;
  const surroundings = codePoints.slice(start, end + 1).join("");
  return !toUnicode(surroundings, { checkJoiners: true }).error;
}

/**
 * Whether the CONTEXTJ or CONTEXTO code point at `index` may stand there.
 *
 * @param codePoints those of `text`.
 */
export function contextIsValid(text: string, codePoints: readonly string[], index: number): boolean {
  const before = codePoints[index - 1] ?? "";
  const after = codePoints[index + 1] ?? "";
  const codePoint = codePoints[index]!;
  switch (codePoint) {
    case "\u200C":
    case "\u200D":
      return joinerIsValid(codePoints, index);
    case "\u00B7": // MIDDLE DOT: Catalan l·l (A.3)
      return before === "l" && after === "l";
    case "\u0375": // GREEK LOWER NUMERAL SIGN (A.4)
      return greek.test(after);
    case "\u05F3": // HEBREW GERESH (A.5)
    case "\u05F4": // HEBREW GERSHAYIM (A.6)
      return hebrew.test(before);
    case "\u30FB": // KATAKANA MIDDLE DOT (A.7)
      return japanese.test(text);
    default: // The two sets of Arabic digits are not mixed (A.8, A.9).
      if (arabicIndicDigit.test(codePoint)) return !extendedArabicIndicDigit.test(text);
      if (extendedArabicIndicDigit.test(codePoint)) return !arabicIndicDigit.test(text);
      return false;
  }
}
