/**
 * Applies the rules of a profile until the output no longer changes: at most three times after the first, then
 * the string is refused (RFC 8264, section 7). What comes out is therefore a fixed point of the rules.
 *
 * @param rules gives the string after all mappings, or `undefined` where it does not conform.
 */
export function untilStable(text: string, rules: (text: string) => string | undefined): string | undefined {
  let current = text;
  for (let round = 0; round < 4; round++) {
    const next = rules(current);
    if (next === undefined || next === current) return next;
    current = next;
  }
  return undefined;
}
