/**
 * Longer input is refused unseen, in UTF-16 code units: normalisation takes time that grows with the square of the
 * length of a run of marks. Twice the 1023 bytes that a part of a JID may have: no mapping makes a valid part out of
 * more, since a composed character of three bytes comes from at most four units.
 */
export const maxInput = 2 * 1023;

/**
 * Applies the rules of a profile until the output no longer changes: at most three times after the first, then
 * the string is refused (RFC 8264, section 7). What comes out is therefore a fixed point of the rules.
 *
 * @param rules gives the string after all mappings, or `undefined` where it does not conform.
 */
export function untilStable(text: string, rules: (text: string) => string | undefined): string | undefined {
  if (text.length > maxInput) return undefined;
  let current = text;
  for (let round = 0; round < 4; round++) {
    const next = rules(current);
    if (next === undefined || next === current) return next;
    current = next;
  }
  return undefined;
}
