import { satisfiesBidiRule } from "./bidi-rule.ts";
import { isIdentifier } from "./string-classes.ts";
import { untilStable } from "./until-stable.ts";

/**
 * Code points whose Decomposition_Type is Wide or Narrow, without the halfwidth Hangul: those map to
 * compatibility jamo, which the IdentifierClass refuses just as well.
 */
const fullwidthOrHalfwidth = /[\u3000\uFF01-\uFF9F\uFFE0-\uFFE6\uFFE8-\uFFEE]/gu;

function applyRules(text: string): string | undefined {
  const mapped = text
    .replace(fullwidthOrHalfwidth, (codePoint) => codePoint.normalize("NFKC"))
    .replaceAll("Σ", "σ")
    .toLowerCase()
    .normalize("NFC");
  return isIdentifier(mapped) && satisfiesBidiRule(mapped) ? mapped : undefined;
}

/**
 * Enforces the UsernameCaseMapped profile (RFC 8265, section 3.3): width mapping, lower case, NFC, Bidi Rule,
 * IdentifierClass, in the order of RFC 8264, section 7, so that what can be mapped to a valid string is.
 *
 * Lower case is Unicode's, one code point at a time: Σ becomes σ also at the end of a word. RFC 8265, section 3.6,
 * knows no special treatment of the final sigma, a name must not change its letters with what follows it, and
 * other XMPP servers do the same. ς typed as such stays ς and is another name.
 *
 * @returns the enforced string, a fixed point of this function, or `undefined` where the string does not conform.
 */
export function enforceUsernameCaseMapped(text: string): string | undefined {
  return text === "" ? undefined : untilStable(text, applyRules);
}
