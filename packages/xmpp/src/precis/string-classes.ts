import { contextIsValid } from "./context-rules.ts";
import { derivedProperty } from "./derived-property.ts";

/**
 * The two string classes of RFC 8264, section 4: which strings are made of valid code points only, those that
 * need a context in one that suits them. Nothing is mapped here; that is what a profile does.
 */

function belongs(text: string, freeformToo: boolean): boolean {
  const codePoints = Array.from(text);
  for (const [index, codePoint] of codePoints.entries()) {
    switch (derivedProperty(codePoint)) {
      case "PVALID":
        break;
      case "FREE_PVAL":
        if (!freeformToo) return false;
        break;
      case "CONTEXTJ":
      case "CONTEXTO":
        if (!contextIsValid(text, codePoints, index)) return false;
        break;
      case "DISALLOWED":
      case "UNASSIGNED":
        return false;
    }
  }
  return true;
}

/** Whether the string conforms to the IdentifierClass (section 4.2). */
export function isIdentifier(text: string): boolean {
  return belongs(text, false);
}

/** Whether the string conforms to the FreeformClass (section 4.3). */
export function isFreeform(text: string): boolean {
  return belongs(text, true);
}
