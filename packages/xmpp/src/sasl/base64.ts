import { Buffer } from "node:buffer";

/**
 * Decodes base64 of RFC 4648, section 4, and nothing else: no foreign characters, white space included, padding
 * where it belongs, padding bits zero (RFC 6120, 6.3.5 and 13.9.1).
 *
 * @returns `undefined` where the text is not that; "" is zero bytes.
 */
export function decodeBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, "base64");
  return bytes.toString("base64") === text ? bytes : undefined;
}

export function encodeBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}
