import { Buffer, isUtf8 } from "node:buffer";

/** The text that the bytes encode, a byte order mark included; `undefined` where they are not UTF-8. */
export function decodeUtf8(data: Uint8Array): string | undefined {
  return isUtf8(data)
    ? Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("utf8")
    : undefined;
}
