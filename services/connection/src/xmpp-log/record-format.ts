/**
 * Formats of records: text with macros, as Momentum's xmpp_logger has them, compiled once. Pure.
 *
 * A record is one line, and no field can end it or begin another one: in fields, control and format characters, line
 * separators, `%`, and every other character than letters and digits that the format itself uses between its macros are
 * written as in URLs, `%` and two hexadecimal digits for each byte of UTF-8. Decoding a field as a URL component gives
 * its value.
 */
import { obfuscate } from "./obfuscate.ts";
import type { Traffic } from "./traffic.ts";

/** Every macro with what it shows. */
export const macros = {
  t: "the time, in seconds since 1970",
  st: "iq, message, presence, stream or error",
  so: "the whole stanza without what people say in it",
  sr: "the whole stanza as it is",
  af: "the sender",
  at: "the receiver",
  ai: "the id",
  ay: "the type",
  H: "IP address and port of the client",
} as const;

export type Macro = keyof typeof macros;

const fields: Readonly<Record<Exclude<Macro, "t">, (traffic: Traffic) => string>> = {
  st: ({ kind }) => kind,
  so: ({ xml }) => obfuscate(xml()),
  sr: ({ xml }) => xml(),
  af: ({ from }) => from ?? "",
  at: ({ to }) => to ?? "",
  ai: ({ id }) => id ?? "",
  ay: ({ type }) => type ?? "",
  H: ({ remote }) => remote(),
};

/** @param seconds the time, as text. @returns one line with its end. */
export type RecordFormat = (traffic: Traffic, seconds: string) => string;

export type CompiledFormat =
  | { readonly kind: "format"; readonly format: RecordFormat; readonly macros: ReadonlySet<Macro> }
  /** What is wrong with the text, as the end of a sentence. */
  | { readonly kind: "problem"; readonly problem: string };

/** Fields, and the text between them. */
type Piece = string | { readonly macro: Macro };

/** Compiles a format. `%%` is a percent sign. */
export function compileFormat(text: string): CompiledFormat {
  const pieces: Piece[] = [];
  for (const [part, name] of text.matchAll(/%(st|so|sr|af|at|ai|ay|t|H|%|)|[^%]+/g)) {
    if (name === "") {
      const known = Object.keys(macros).map((macro) => `%${macro}`);
      return { kind: "problem", problem: `has a % that is none of ${known.join(" ")} and %%` };
    }
    if (name === undefined || name === "%") pieces.push(part === "%%" ? "%" : part);
    else pieces.push({ macro: name as Macro });
  }
  const literals = pieces.filter((piece) => typeof piece === "string").join("");
  if (/[\p{Cc}\p{Zl}\p{Zp}]/u.test(literals))
    return { kind: "problem", problem: "has a line end or another control character in it" };
  const used = new Set(pieces.flatMap((piece) => (typeof piece === "string" ? [] : [piece.macro])));
  return { kind: "format", format: toFormat(pieces, encoding(literals)), macros: used };
}

function toFormat(pieces: readonly Piece[], encode: (value: string) => string): RecordFormat {
  const steps = pieces.map((piece): RecordFormat => {
    if (typeof piece === "string") return () => piece;
    const { macro } = piece;
    if (macro === "t") return (_traffic, seconds) => seconds;
    const field = fields[macro];
    return (traffic) => encode(field(traffic));
  });
  return (traffic, seconds) => {
    let line = "";
    for (const step of steps) line += step(traffic, seconds);
    return `${line}\n`;
  };
}

/** The encoding for fields of a format with such text between them. */
function encoding(literals: string): (value: string) => string {
  const separators = [...new Set(literals)].filter((char) => !/[\p{L}\p{N}]/u.test(char));
  const codes = separators.map((char) => `\\u{${char.codePointAt(0)!.toString(16)}}`).join("");
  const special = `[%\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}${codes}]`;
  const found = new RegExp(special, "u");
  const all = new RegExp(special, "gu");
  return (value) => (found.test(value) ? value.replace(all, percentEncode) : value);
}

function percentEncode(char: string): string {
  let out = "";
  for (const byte of Buffer.from(char, "utf8")) out += `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  return out;
}
