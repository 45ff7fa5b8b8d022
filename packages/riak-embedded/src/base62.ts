import { randomFillSync } from "node:crypto";

const DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/** The largest multiple of 62 that fits a byte; larger bytes are thrown away so that every digit is as likely as another. */
const FAIR_LIMIT = 248;

const pool = new Uint8Array(4096);
let used = pool.length;

/** Random base-62 text: 22 digits hold 131 bits. */
export function randomBase62(length: number): string {
  let text = "";
  while (text.length < length) {
    if (used === pool.length) {
      randomFillSync(pool);
      used = 0;
    }
    const byte = pool[used++]!;
    if (byte < FAIR_LIMIT) text += DIGITS[byte % 62];
  }
  return text;
}

/** Base-62 digits of bytes such as a hash; the same bytes give the same text, but not the other way round. */
export function base62Of(bytes: Uint8Array, length: number): string {
  let text = "";
  for (let index = 0; index < length; index++) text += DIGITS[bytes[index % bytes.length]! % 62];
  return text;
}
