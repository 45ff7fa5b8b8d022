import { isFreeform } from "./string-classes.ts";
import { maxInput, untilStable } from "./until-stable.ts";

const printableAscii = /^[\x20-\x7E]+$/;
const space = /\p{Zs}/gu;

function applyRules(text: string): string | undefined {
  const mapped = text.replace(space, " ").normalize("NFC");
  return isFreeform(mapped) ? mapped : undefined;
}

/**
 * Enforces the OpaqueString profile (RFC 8265, section 4.2), for passwords: every space becomes SPACE, then NFC,
 * then the FreeformClass. Case and width are kept.
 *
 * @returns the enforced string, a fixed point of this function, or `undefined` where the string is empty, longer
 * than `maxInput`, or does not conform.
 */
export function prepareOpaque(text: string): string | undefined {
  if (printableAscii.test(text)) return text.length <= maxInput ? text : undefined;
  return text === "" ? undefined : untilStable(text, applyRules);
}
