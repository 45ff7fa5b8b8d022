import { limited, maxPartBytes } from "./jid-part-limit.ts";
import { prepareOpaque } from "./precis/opaque-string.ts";

const asciiResourcepart = /^[!-~][ -~]*$/;

/**
 * Enforces a resourcepart (RFC 7622, 3.4): OpaqueString, 1 to 1023 bytes, no space in front (3.5, example 18).
 *
 * @returns the canonical form, or `undefined` where the text is not a resourcepart.
 */
export function prepareResource(text: string): string | undefined {
  if (asciiResourcepart.test(text)) return text.length <= maxPartBytes ? text : undefined;
  const enforced = prepareOpaque(text);
  return enforced?.startsWith(" ") ? undefined : limited(enforced);
}
