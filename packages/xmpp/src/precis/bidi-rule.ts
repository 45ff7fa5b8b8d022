import { bidiClass, hasRightToLeft } from "./bidi-class.ts";

/**
 * Whether a string of the IdentifierClass satisfies the Bidi Rule (RFC 5893, section 2), which binds strings
 * that contain a right-to-left code point. Others always satisfy it.
 *
 * Such a string must start right to left: one that starts left to right may contain none (conditions 1 and 5).
 * So condition 6 never decides.
 */
export function satisfiesBidiRule(text: string): boolean {
  if (!hasRightToLeft(text)) return true;
  const classes = Array.from(text, bidiClass);
  if (!classes.includes("R") && !classes.includes("AN")) return true;
  const last = classes.findLast((each) => each !== "NSM");
  return (
    classes[0] === "R" && // 1
    !classes.includes("L") && // 2
    (last === "R" || last === "EN" || last === "AN") && // 3
    !(classes.includes("EN") && classes.includes("AN")) // 4
  );
}
