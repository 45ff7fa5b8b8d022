import { Buffer, isAscii, isUtf8 } from "node:buffer";

/** Text decoded from bytes, and what is to be known of the bytes behind it. */
export interface DecodedText {
  readonly text: string;
  /** One byte per character. */
  readonly ascii: boolean;
}

/**
 * Strict UTF-8 in pieces (RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF). A character that is
 * cut off at the end of a piece waits, as at most three bytes, for the next. A byte order mark is an ordinary
 * character (RFC 6120, 11.6).
 */
export class Utf8Input {
  #cutOff: Buffer | undefined;
  #failed = false;

  /** Invalid bytes were met; what came before them was still decoded, what follows is lost. */
  get failed(): boolean {
    return this.#failed;
  }

  /** Bytes that wait for the rest of their character. */
  get waiting(): number {
    return this.#cutOff === undefined ? 0 : this.#cutOff.length;
  }

  reset(): void {
    this.#cutOff = undefined;
    this.#failed = false;
  }

  decode(chunk: Uint8Array): DecodedText {
    if (this.#failed) return { text: "", ascii: true };
    const bytes = Buffer.isBuffer(chunk)
      ? chunk
      : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    if (this.#cutOff === undefined && isAscii(bytes)) return { text: bytes.toString("latin1"), ascii: true };
    return this.#decodeMixed(bytes);
  }

  #decodeMixed(chunk: Buffer): DecodedText {
    const bytes = this.#cutOff === undefined ? chunk : Buffer.concat([this.#cutOff, chunk]);
    this.#cutOff = undefined;
    let end = bytes.length;
    const tail = cutOffLength(bytes);
    if (tail > 0) {
      end -= tail;
      this.#cutOff = Buffer.from(bytes.subarray(end));
    }
    const whole = bytes.subarray(0, end);
    if (isUtf8(whole)) return { text: whole.toString("utf8"), ascii: false };
    this.#failed = true;
    this.#cutOff = undefined;
    return { text: whole.toString("utf8", 0, validLength(whole)), ascii: false };
  }
}

/** Length of the valid beginning of a character at the end of the bytes; 0 where the last one is complete or invalid. */
function cutOffLength(bytes: Uint8Array): number {
  const length = bytes.length;
  for (let back = 1; back <= 3 && back <= length; back++) {
    const byte = bytes[length - back]!;
    if (byte < 0x80) return 0;
    if (byte < 0xc0) continue;
    const needed = characterLength(byte);
    if (needed <= back) return 0;
    return back === 1 || isSecondByte(byte, bytes[length - back + 1]!) ? back : 0;
  }
  return 0;
}

/** By the first byte; 0 for one that begins no character. */
function characterLength(first: number): number {
  if (first < 0x80) return 1;
  if (first < 0xc2) return 0;
  if (first < 0xe0) return 2;
  if (first < 0xf0) return 3;
  return first < 0xf5 ? 4 : 0;
}

/** The second byte decides about overlong forms, surrogates and the upper end (RFC 3629, 4). */
function isSecondByte(first: number, second: number): boolean {
  if (first === 0xe0) return second >= 0xa0 && second <= 0xbf;
  if (first === 0xed) return second >= 0x80 && second <= 0x9f;
  if (first === 0xf0) return second >= 0x90 && second <= 0xbf;
  if (first === 0xf4) return second >= 0x80 && second <= 0x8f;
  return second >= 0x80 && second <= 0xbf;
}

/** Number of bytes before the first invalid character. */
function validLength(bytes: Uint8Array): number {
  let i = 0;
  while (i < bytes.length) {
    const length = characterLength(bytes[i]!);
    if (length === 0 || i + length > bytes.length) return i;
    if (length > 1 && !isSecondByte(bytes[i]!, bytes[i + 1]!)) return i;
    for (let k = 2; k < length; k++) if ((bytes[i + k]! & 0xc0) !== 0x80) return i;
    i += length;
  }
  return i;
}
