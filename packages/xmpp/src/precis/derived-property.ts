/**
 * What a code point may be used for (RFC 8264, sections 8 and 9).
 *
 * Assigned code points and their properties are those of the Unicode version of the running Node
 * (`process.versions.unicode`); a code point that it does not know is refused.
 */

/** `FREE_PVAL` is valid in the FreeformClass and disallowed in the IdentifierClass. */
export type DerivedProperty = "PVALID" | "FREE_PVAL" | "CONTEXTJ" | "CONTEXTO" | "DISALLOWED" | "UNASSIGNED";

/** The Exceptions of RFC 5892, section 2.6. */
const exceptionsValid = /[\u00DF\u03C2\u06FD\u06FE\u0F0B\u3007]/u;
const exceptionsContext = /[\u00B7\u0375\u05F3\u05F4\u30FB\u0660-\u0669\u06F0-\u06F9]/u;
const exceptionsDisallowed = /[\u0640\u07FA\u302E\u302F\u3031-\u3035\u303B]/u;

const unassigned = /(?!\p{Noncharacter_Code_Point})\p{Cn}/u;
const ascii7 = /[\x21-\x7E]/u;
const joinControl = /\p{Join_Control}/u;
/** Hangul_Syllable_Type L, V or T. */
const oldHangulJamo = /[\u1100-\u11FF\uA960-\uA97C\uD7B0-\uD7C6\uD7CB-\uD7FB]/u;
const ignorable = /[\p{Default_Ignorable_Code_Point}\p{Noncharacter_Code_Point}]/u;
const control = /\p{Cc}/u;
const letterDigit = /[\p{Ll}\p{Lu}\p{Lo}\p{Nd}\p{Lm}\p{Mn}\p{Mc}]/u;
const freeform = /[\p{Lt}\p{Nl}\p{No}\p{Me}\p{Zs}\p{S}\p{P}]/u;

/** Takes one code point as a string; the order of the questions is the one that section 8 demands. */
export function derivedProperty(codePoint: string): DerivedProperty {
  if (exceptionsValid.test(codePoint)) return "PVALID";
  if (exceptionsContext.test(codePoint)) return "CONTEXTO";
  if (exceptionsDisallowed.test(codePoint)) return "DISALLOWED";
  if (unassigned.test(codePoint)) return "UNASSIGNED";
  if (ascii7.test(codePoint)) return "PVALID";
  if (joinControl.test(codePoint)) return "CONTEXTJ";
  if (oldHangulJamo.test(codePoint)) return "DISALLOWED";
  if (ignorable.test(codePoint)) return "DISALLOWED";
  if (control.test(codePoint)) return "DISALLOWED";
  if (codePoint.normalize("NFKC") !== codePoint) return "FREE_PVAL";
  if (letterDigit.test(codePoint)) return "PVALID";
  if (freeform.test(codePoint)) return "FREE_PVAL";
  return "DISALLOWED";
}
